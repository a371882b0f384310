// The frame around the views: menu, banners, and the way in.

import { Component, type ComponentChildren, type ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { clockFault } from "../parts/clock.ts";
import { Empty, FaultPanel, Loading } from "../parts/panels.tsx";
import { downSince, tryAgain } from "../parts/reach.ts";
import { hrefOf, route } from "../parts/router.ts";
import {
  endedBecause,
  lastOwner,
  minutesLeft,
  nameOf,
  owners,
  type SignedIn,
  session,
  signOut,
} from "../parts/session.ts";
import type { View, ViewProps } from "../parts/view.ts";
import { helpShown, ShortcutHelp } from "./shortcuts.tsx";
import { SignIn } from "./sign-in.tsx";
import { nextTheme, theme } from "./theme.ts";
import { VIEWS } from "./views.ts";

export function App() {
  const who = session.value;
  const kind = kindShown(who);
  if (kind === null) return <SignIn />;
  const covered = who === null && endedBecause.value !== null;
  return (
    <>
      {covered && (
        <div class="cover">
          <SignIn />
        </div>
      )}
      <div class="frame" inert={covered} key={owners.value}>
        <Menu kind={kind} who={who} />
        <Banners />
        <main id="main" tabIndex={-1}>
          <Shown kind={kind} />
        </main>
      </div>
      <ShortcutHelp />
    </>
  );
}

/** Whose views stand there; also behind the sign-in that a session's end has brought. */
function kindShown(who: SignedIn | null): SignedIn["kind"] | null {
  if (who !== null) return who.kind;
  if (endedBecause.value === null || lastOwner.value === null) return null;
  return lastOwner.value.startsWith("operator ") ? "operator" : "key";
}

function Menu({ kind, who }: { kind: SignedIn["kind"]; who: SignedIn | null }) {
  const [open, setOpen] = useState(false);
  const { view } = route.value;
  const name = who === null ? "" : nameOf(who);
  return (
    <div class="side">
      <button type="button" class="skip" onClick={() => document.getElementById("main")?.focus()}>
        Skip to the content
      </button>
      <div class="top">
        <span class="brand">edgewhisk</span>
        <span class="who" title={`Signed in: ${name}`}>
          {name}
        </span>
        <button
          type="button"
          class="quiet menu-button"
          aria-expanded={open}
          aria-controls="menu"
          onClick={() => setOpen(!open)}
        >
          Menu
        </button>
      </div>
      <nav id="menu" aria-label="Views" class={open ? "open" : ""}>
        <ul>
          {VIEWS.filter((each) => each.for === kind).map((each) => (
            <li key={each.id}>
              <a
                href={hrefOf(each.id)}
                aria-current={each.id === shownId(view, kind) ? "page" : undefined}
                onClick={() => setOpen(false)}
              >
                {each.title}
              </a>
            </li>
          ))}
        </ul>
        <div class="foot">
          <button type="button" class="quiet" onClick={nextTheme}>
            Colours: {theme.value}
          </button>
          <button
            type="button"
            class="quiet"
            onClick={() => {
              helpShown.value = true;
            }}
          >
            Keyboard <kbd>?</kbd>
          </button>
          <button type="button" class="quiet" onClick={signOut}>
            Sign out
          </button>
        </div>
      </nav>
    </div>
  );
}

function Banners() {
  const clock = clockFault();
  return (
    <div class="banners">
      {downSince.value !== null && (
        <div class="panel warn" role="alert">
          <strong>The platform does not answer.</strong> It is asked again by itself, and what is shown is read anew
          when it comes back. What you typed stays.{" "}
          <button type="button" onClick={tryAgain}>
            Ask now
          </button>
        </div>
      )}
      {minutesLeft.value !== null && session.value !== null && (
        <p class="panel" role="status">
          You will be signed out in {minutesLeft.value} min. Sign in again then, and you go on where you were.
        </p>
      )}
      {clock !== null && (
        <p class="panel" role="status">
          {clock}
        </p>
      )}
    </div>
  );
}

function shownId(view: string, kind: SignedIn["kind"]): string {
  const views = VIEWS.filter((each) => each.for === kind);
  return view === "" ? (views[0]?.id ?? "") : view;
}

/** ms that a part of the console may take to come. */
const MAX_LOAD_MS = 60_000;
const loaded = new Map<string, ComponentType<ViewProps>>();

function Shown({ kind }: { kind: SignedIn["kind"] }) {
  const { view: asked, rest, query } = route.value;
  const id = shownId(asked, kind);
  const view = VIEWS.find((each) => each.id === id && each.for === kind);
  const Loaded = useLoaded(view);
  useEffect(() => {
    document.title = view === undefined ? "edgewhisk console" : `${view.title} · edgewhisk`;
    scrollTo(0, 0);
  }, [view]);
  if (view === undefined) {
    const elsewhere = VIEWS.some((each) => each.id === id);
    return (
      <Empty title={elsewhere ? "This view is not for this sign-in" : "There is no such view"}>
        <p>
          {elsewhere
            ? `It needs ${kind === "key" ? "an operator" : "a namespace key"}: sign out, and in again as that.`
            : "Choose one from the menu."}
        </p>
      </Empty>
    );
  }
  if (Loaded === "failed")
    return (
      <FaultPanel
        fault={{
          status: 0,
          text: "This part of the console did not load.",
          help: "The platform was updated, or is down.",
        }}
        again={() => location.reload()}
      />
    );
  if (Loaded === null) return <Loading what={view.title.toLowerCase()} />;
  return (
    <Boundary key={`${id}/${rest.join("/")}`}>
      <Loaded rest={rest} query={query} />
    </Boundary>
  );
}

function useLoaded(view: View | undefined): ComponentType<ViewProps> | "failed" | null {
  const [, setDone] = useState(0);
  const [failed, setFailed] = useState<string | null>(null);
  useEffect(() => {
    if (view === undefined || loaded.has(view.id)) return;
    inTime(view.load()).then(
      (module) => {
        loaded.set(view.id, module.default);
        setDone((before) => before + 1);
      },
      () => setFailed(view.id),
    );
  }, [view]);
  if (view === undefined) return null;
  return loaded.get(view.id) ?? (failed === view.id ? "failed" : null);
}

/** Rejects where it takes too long: whoever waits is to see that it did not come. */
function inTime<T>(loading: Promise<T>): Promise<T> {
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`it took longer than ${MAX_LOAD_MS / 1_000} s`)), MAX_LOAD_MS);
  });
  return Promise.race([loading, late]);
}

/** A bug in a view ends that view alone. */
class Boundary extends Component<{ children: ComponentChildren }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  override componentDidCatch(error: Error): void {
    this.setState({ error });
    console.error(error);
  }

  override render() {
    const { error } = this.state;
    if (error === null) return this.props.children;
    const fault = {
      status: 0,
      text: `This view failed: ${error.message}`,
      help: "This is a bug of the console. Another view may still do.",
    };
    return <FaultPanel fault={fault} again={() => this.setState({ error: null })} />;
  }
}
