import { EMPTY_NAMES, ENV_READERS, FILE_LINES_MAX, type Room, SOCKET_MODULES } from './floors.ts';
import { folderOf, importsOf, type SourceFile, withoutComments } from './source-file.ts';

type Rooms = Readonly<Record<string, Room>>;

/** The table itself: a room may name lower floors only, so that no order of edges can ever close a circle. */
export function tableProblems(rooms: Rooms): string[] {
  return Object.entries(rooms).flatMap(([name, room]) =>
    room.rooms.flatMap((target) => {
      const other = rooms[target];
      if (other === undefined) return [`${name} may import ${target}, which is not in the table`];
      return other.floor < room.floor ? [] : [`${name} on floor ${room.floor} may import ${target} on floor ${other.floor}`];
    }),
  );
}

/** Imports that the table does not allow, and files without a room. */
export function edgeProblems(files: readonly SourceFile[], rooms: Rooms): string[] {
  return files.flatMap((file) => {
    const name = roomOf(file.path, rooms);
    const room = name === undefined ? undefined : rooms[name];
    if (name === undefined || room === undefined) return [`${file.path} is in no room of the table`];
    return importsOf(file).flatMap((edge) => {
      if (!edge.isRelative) return isPackageAllowed(edge.to, room) ? [] : [`${file.path} imports ${edge.to}`];
      const target = roomOf(edge.to, rooms);
      return target === name || (target !== undefined && room.rooms.includes(target)) ? [] : [`${file.path} imports ${edge.to}`];
    });
  });
}

/** The first circle of imports found, as `a -> b -> a`; types counted. */
export function cycleProblems(files: readonly SourceFile[]): string[] {
  const targets = new Map(files.map((file) => [file.path, importsOf(file).flatMap(({ to, isRelative }) => (isRelative ? [to] : []))]));
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string): string | undefined => {
    if (done.has(path)) return undefined;
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path].join(' -> ');
    trail.push(path);
    for (const target of targets.get(path) ?? []) {
      const cycle = visit(target);
      if (cycle !== undefined) return cycle;
    }
    trail.pop();
    done.add(path);
    return undefined;
  };
  for (const { path } of files) {
    const cycle = visit(path);
    if (cycle !== undefined) return [cycle];
  }
  return [];
}

const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*$/;
/** A test of issue 12 or an `x.test.ts`, a `.d.ts`, a plain module. */
const FILE_NAME = /^(.+?)(\.test|\.d)?\.(ts|js|cjs|mjs)$/;

export function nameProblems(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const names = path.split('/');
    const file = FILE_NAME.exec(names.pop() ?? '')?.[1] ?? '';
    const problems = [...names, file].filter((name) => !KEBAB.test(name)).map((name) => `${path}: '${name}' is not kebab-case`);
    const empty = [...names, file].filter((name) => EMPTY_NAMES.includes(name.split('-').at(-1) ?? ''));
    return [...problems, ...empty.map((name) => `${path}: '${name}' names no idea`)];
  });
}

export function lengthProblems(files: readonly SourceFile[], linesMax = FILE_LINES_MAX): string[] {
  return files.flatMap(({ path, text }) => {
    const lines = text.split('\n').length - 1;
    return lines > linesMax ? [`${path} has ${lines} lines, ${linesMax} are allowed`] : [];
  });
}

/** An index.ts is a door of the package, has export lines only, and is for those outside. */
export function doorProblems(files: readonly SourceFile[], doors: readonly string[]): string[] {
  return files.flatMap((file) => {
    const imported = importsOf(file).filter(({ to }) => doors.includes(to));
    const problems = imported.map(({ to }) => `${file.path} imports the door ${to}`);
    if (!file.path.endsWith('/index.ts')) return problems;
    if (!doors.includes(file.path)) return [...problems, `${file.path} is no door of package.json`];
    const rest = withoutComments(file.text).replace(/^export (type )?\{[^}]*\} from '[^']+';$/gm, '');
    return rest.trim() === '' ? problems : [...problems, `${file.path} holds more than named exports: ${rest.trim().split('\n')[0]}`];
  });
}

/** Environment variables are read in one place and passed on. */
export function environmentVariableProblems(files: readonly SourceFile[]): string[] {
  const readers = files.filter(({ path }) => !path.startsWith('bin/') && !ENV_READERS.includes(path));
  return readers.flatMap(({ path, text }) => (/\bprocess\s*\.\s*env\b/.test(withoutComments(text)) ? [`${path} reads process.env`] : []));
}

/** Two environments differ in data, never in branches on their names (L11). */
export function environmentNameProblems(files: readonly SourceFile[], names: readonly string[]): string[] {
  const literal = new RegExp(`(['"\`])(${names.join('|')})\\1`, 'g');
  return files
    .filter(({ path }) => !path.startsWith('environments/'))
    .flatMap(({ path, text }) => [...withoutComments(text).matchAll(literal)].map((match) => `${path} names the environment ${match[0]}`));
}

function roomOf(path: string, rooms: Rooms): string | undefined {
  for (let folder = folderOf(path); folder !== ''; folder = folderOf(folder)) if (Object.hasOwn(rooms, folder)) return folder;
  return undefined;
}

function isPackageAllowed(specifier: string, { packages }: Room): boolean {
  if (specifier.startsWith('node:') && !SOCKET_MODULES.includes(specifier)) return true;
  return packages.some((name) => specifier === name || specifier.startsWith(`${name}/`));
}
