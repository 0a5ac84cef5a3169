// What stands before the completion script that yargs prints.
import { moduleFile } from '../contract/module-file.ts';

const MAIN = moduleFile('../main.ts', import.meta.filename);
const MARK = '# Completion of tare';

export interface Surroundings {
  readonly shell: string;
  /** Names of the files that a shell makes which takes npm's banner for commands; none where npm printed no banner. */
  readonly strays: readonly string[];
}

/** `npm run` without -s prints `> name@version script` and `> node bench/main.ts …` on the same stdout beforehand. */
export function surroundings(env: NodeJS.ProcessEnv): Surroundings {
  const { SHELL: shell = '', npm_lifecycle_script: script, npm_config_loglevel: level } = env;
  const { npm_package_name: name, npm_package_version: version } = env;
  const hasBanner = script !== undefined && / bench\/main\.ts$/.test(script) && level !== 'silent';
  return { shell, strays: hasBanner ? [`${name}@${version}`, script.split(' ')[0]] : [] };
}

/**
 * Defines `tare` where the shell has no such command: what is completed is a command's line. And where npm's banner was
 * evaluated with the script, removes the files it made, which are empty or hold this very script.
 */
export function completionPreamble({ shell, strays }: Surroundings): string {
  const lines = shell.includes('fish') ? fishLines(strays) : posixLines(strays);
  return `${[MARK, ...lines].join('\n')}\n`;
}

function posixLines(strays: readonly string[]): string[] {
  const cleaning = strays.map((file) => {
    const name = quoted(file);
    return `[ -f ${name} ] && { [ ! -s ${name} ] || head -n 1 ${name} | grep -qx ${quoted(MARK)}; } && rm -f ${name}`;
  });
  const define = `command -v tare > /dev/null || tare() { ${quoted(process.execPath)} ${quoted(MAIN)} "$@"; }`;
  return [...cleaning, define];
}

function fishLines(strays: readonly string[]): string[] {
  const cleaning = strays.map((file) => {
    const name = quoted(file);
    return `test -f ${name}; and begin; not test -s ${name}; or head -n 1 ${name} | grep -qx ${quoted(MARK)}; end; and rm -f ${name}`;
  });
  const define = `type -q tare; or function tare; ${quoted(process.execPath)} ${quoted(MAIN)} $argv; end`;
  return [...cleaning, define];
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
