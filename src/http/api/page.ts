// The page that shows the API's description: self-contained, so that it needs no other server.

export const API_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>OpenWhisk REST API</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
  summary { cursor: pointer; padding: .3rem 0; font-family: ui-monospace, monospace; }
  summary b { display: inline-block; width: 5rem; text-transform: uppercase; }
  summary i { color: #666; font-family: system-ui, sans-serif; margin-left: 1rem; }
  pre { background: #f4f4f4; padding: .6rem; overflow: auto; }
</style>
<h1>OpenWhisk REST API</h1>
<p id="about">Reading the description …</p>
<main></main>
<script type="module">
  const about = document.querySelector("#about");
  const wanted = new URL(new URLSearchParams(location.search).get("url") ?? "/api/v1/api-docs", location.href);
  const add = (parent, tag, text) => {
    const element = parent.appendChild(document.createElement(tag));
    element.textContent = text ?? "";
    return element;
  };
  const show = (value) => JSON.stringify(value, null, 2);
  try {
    if (wanted.origin !== location.origin) throw new Error("only descriptions of this server are shown");
    const { info, paths, ...told } = await (await fetch(wanted)).json();
    // Swagger 2.0, or OpenAPI 3.0.
    const basePath = told.basePath ?? told.servers[0].url;
    const definitions = told.definitions ?? told.components.schemas;
    document.title = document.querySelector("h1").textContent = info.title;
    about.textContent = info.description + " Build " + info.version + ". ";
    const other = wanted.pathname.endsWith("/admin") ? ["", "The API"] : ["/admin", "The admin API"];
    add(about, "a", other[1]).href = "?url=/api/v1/api-docs" + other[0];
    const main = document.querySelector("main");
    for (const [path, operations] of Object.entries(paths))
      for (const [verb, { summary, ...rest }] of Object.entries(operations)) {
        const details = add(main, "details");
        const head = add(details, "summary");
        add(head, "b", verb);
        head.append(basePath + path);
        add(head, "i", summary);
        add(details, "pre", show(rest));
      }
    add(main, "h2", "Definitions");
    for (const [name, schema] of Object.entries(definitions)) {
      const details = add(main, "details");
      add(details, "summary", name);
      add(details, "pre", show(schema));
    }
  } catch (error) {
    about.textContent = "The description cannot be shown: " + error.message;
  }
</script>
</html>
`;
