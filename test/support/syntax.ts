// The syntax trees of our TypeScript, as TypeScript itself reads them. Its programming interface carries no promise of
// staying as it is ("unstable"): this file alone uses it, and `typescript` is pinned to one version.

import { relative } from "node:path";
import { type Node, type SourceFile, SyntaxKind } from "typescript/unstable/ast";
import { API } from "typescript/unstable/sync";

const ROOT = new URL("../..", import.meta.url).pathname;
/** All of ours, and nothing that it imports: trees need no types. */
const PROJECT = `${ROOT}test/tsconfig.syntax.json`;

const FUNCTIONS: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.FunctionDeclaration,
  SyntaxKind.FunctionExpression,
  SyntaxKind.ArrowFunction,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.Constructor,
  SyntaxKind.GetAccessor,
  SyntaxKind.SetAccessor,
]);

/** Where a program goes one way or another. Of a `switch`, each case. */
const DECISIONS: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.IfStatement,
  SyntaxKind.ForStatement,
  SyntaxKind.ForInStatement,
  SyntaxKind.ForOfStatement,
  SyntaxKind.WhileStatement,
  SyntaxKind.DoStatement,
  SyntaxKind.CaseClause,
  SyntaxKind.CatchClause,
  SyntaxKind.ConditionalExpression,
]);

/** The same, of an expression with two sides. */
const DECIDING_OPERATORS: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.AmpersandAmpersandToken,
  SyntaxKind.BarBarToken,
  SyntaxKind.QuestionQuestionToken,
]);

export type DeclarationKind = "class" | "interface" | "type" | "enum" | "function" | "method" | "variable";

/** A name that a file gives to something. */
export interface Declaration {
  /** Path from the root. */
  file: string;
  /** From 1. */
  line: number;
  kind: DeclarationKind;
  name: string;
  exported: boolean;
  /** False: inside a function or a class. */
  top: boolean;
  /** Text of its docstring, without the stars; "" = it has none. */
  doc: string;
}

const KINDS = new Map<SyntaxKind, DeclarationKind>([
  [SyntaxKind.ClassDeclaration, "class"],
  [SyntaxKind.InterfaceDeclaration, "interface"],
  [SyntaxKind.TypeAliasDeclaration, "type"],
  [SyntaxKind.EnumDeclaration, "enum"],
  [SyntaxKind.FunctionDeclaration, "function"],
  [SyntaxKind.MethodDeclaration, "method"],
  [SyntaxKind.GetAccessor, "method"],
  [SyntaxKind.VariableDeclaration, "variable"],
]);

/** Classes, types, functions, methods and variables of the product and its tests, in order of files and lines.
 * `wanted`: of which files, by their paths from the root; each costs something. */
export function declarations(wanted: (file: string) => boolean = () => true): Declaration[] {
  return sources(wanted).flatMap(({ source, file }) => declaredIn(source, file));
}

/** Where the body of a function stands in its file's text. */
export interface FunctionBody {
  start: number;
  end: number;
  /** False: the expression of an arrow function. */
  block: boolean;
}

/** The bodies of all functions of each file, by its path from the root; methods,
 * accessors and constructors are functions, too. */
export function functionBodies(): Map<string, { text: string; bodies: FunctionBody[] }> {
  return new Map(
    sources(() => true).map(({ source, file }) => [file, { text: source.text, bodies: bodiesIn(source) }]),
  );
}

/** How many decision points each file has, by its path from the root. */
export function decisionPoints(wanted: (file: string) => boolean): Map<string, number> {
  return new Map(sources(wanted).map(({ source, file }) => [file, decisionsIn(source)]));
}

function sources(wanted: (file: string) => boolean): { source: SourceFile; file: string }[] {
  const api = new API({ cwd: ROOT });
  try {
    const [project] = api.updateSnapshot({ openProjects: [PROJECT] }).getProjects();
    if (project === undefined) throw new Error(`${PROJECT} makes no project`);
    return [...project.program.getSourceFileNames()].sort().flatMap((path) => {
      const file = relative(ROOT, path);
      const source = wanted(file) ? project.program.getSourceFile(path) : undefined;
      return source === undefined ? [] : [{ source, file }];
    });
  } finally {
    api.close();
  }
}

function decisionsIn(source: SourceFile): number {
  let found = 0;
  const visit = (node: Node) => {
    const { operatorToken } = node as Node & { operatorToken?: Node };
    const operator = operatorToken !== undefined && DECIDING_OPERATORS.has(operatorToken.kind);
    if (operator || DECISIONS.has(node.kind)) found++;
    node.forEachChild(visit);
  };
  source.forEachChild(visit);
  return found;
}

function bodiesIn(source: SourceFile): FunctionBody[] {
  const found: FunctionBody[] = [];
  const visit = (node: Node) => {
    const { body } = node as Node & { body?: Node };
    if (body !== undefined && FUNCTIONS.has(node.kind)) {
      found.push({ start: body.getStart(source), end: body.getEnd(), block: body.kind === SyntaxKind.Block });
    }
    node.forEachChild(visit);
  };
  source.forEachChild(visit);
  return found;
}

function declaredIn(source: SourceFile, file: string): Declaration[] {
  const found: Declaration[] = [];
  let line = 1;
  let counted = 0;
  // Names are visited in the order of the text.
  const lineAt = (position: number): number => {
    if (position < counted) [line, counted] = [1, 0];
    for (let at = source.text.indexOf("\n", counted); at !== -1 && at < position; ) {
      line++;
      counted = at + 1;
      at = source.text.indexOf("\n", counted);
    }
    return line;
  };
  const visit = (node: Node, around: { statement: Node; top: boolean; exported: boolean }) => {
    const kind = KINDS.get(node.kind);
    const name = (node as Node & { name?: Node }).name;
    if (kind !== undefined && name?.kind === SyntaxKind.Identifier) {
      const { statement, top, exported } = around;
      const start = name.getStart(source);
      found.push({
        file,
        line: lineAt(start),
        kind,
        name: name.getText(source),
        exported,
        top,
        doc: docBefore(source.text.slice(statement.getFullStart(), statement.getStart(source))),
      });
    }
    const inside = kind !== undefined || node.kind === SyntaxKind.Block || node.kind === SyntaxKind.ArrowFunction;
    const next = inside ? { statement: node, top: false, exported: false } : around;
    node.forEachChild((child) => {
      visit(child, next.top || child.kind !== SyntaxKind.MethodDeclaration ? next : { ...next, statement: child });
    });
  };
  for (const statement of source.statements) {
    const { modifiers = [] } = statement as Node & { modifiers?: Iterable<Node> };
    const exported = [...modifiers].some((each) => each.kind === SyntaxKind.ExportKeyword);
    visit(statement, { statement, top: true, exported });
  }
  return found;
}

/** The last docstring in what stands before a statement. */
function docBefore(trivia: string): string {
  const last = [...trivia.matchAll(/\/\*\*([\s\S]*?)\*\//g)].at(-1)?.[1] ?? "";
  return last
    .split("\n")
    .map((line) => line.replace(/^\s*\*? ?/, "").trim())
    .join(" ")
    .trim();
}
