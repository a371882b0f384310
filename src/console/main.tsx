// The console's first code in the browser.

import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import { watchRoute } from "./parts/router.ts";
import { watchIdle } from "./parts/session.ts";
import { App } from "./shell/app.tsx";
import { watchKeys } from "./shell/shortcuts.tsx";
import "./shell/style.css";
import { applyTheme } from "./shell/theme.ts";

applyTheme();
watchRoute();
watchIdle();
watchKeys();
const root = document.getElementById("app");
if (root !== null) render(<App />, root);
