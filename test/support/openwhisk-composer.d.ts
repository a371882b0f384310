// What the tests use of openwhisk-composer, which brings no types.

declare module "openwhisk-composer" {
  export interface Compiled {
    composition: object;
    ast: object;
    version: string;
    actions?: { name: string; action: object }[];
  }
  export interface Composition {
    compile(): Compiled;
  }
  type Params = Record<string, unknown>;
  /** A composition, a function that is sent as its text, or the name of an action. */
  type Part = Composition | ((params: never) => unknown) | string;
  const composer: {
    action(name: string, options?: { action?: string; sequence?: string[] }): Composition;
    function(source: string): Composition;
    sequence(...parts: Part[]): Composition;
    if(test: Part, consequent: Part, alternate?: Part): Composition;
    while(test: Part, body: Part): Composition;
    repeat(count: number, ...parts: Part[]): Composition;
    try(body: Part, handler: Part): Composition;
    retain(...parts: Part[]): Composition;
    let(declarations: Params, ...parts: Part[]): Composition;
    async(...parts: Part[]): Composition;
  };
  export default composer;
}

declare module "openwhisk-composer/client.js" {
  import type { Client, Options } from "openwhisk";
  import type { Compiled } from "openwhisk-composer";
  export interface ComposerClient extends Client {
    compositions: {
      deploy(composition: Compiled & { name: string }, overwrite: boolean): Promise<{ name: string; action: object }[]>;
    };
  }
  export default function client(options: Options, basic?: boolean): ComposerClient;
}
