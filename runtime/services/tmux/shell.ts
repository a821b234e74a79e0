/**
 * The shell of a terminal, and how it tells where it is. Before each prompt it says how the last command ended, in a file
 * of its own; so a command's end is seen whatever the command was: one that failed, was interrupted, or makes no sense.
 */

/** Where a shell is. How a command ended is in a file of that command: the next one may follow at once. */
export type ShellState =
  /** It has not shown its first prompt yet. */
  | { at: 'start' }
  /** At its prompt. */
  | { at: 'idle' }
  /** At the prompt for the rest of a command. */
  | { at: 'more' }
  /** Something runs. */
  | { at: 'busy' };

/** @param text of the state file; undefined when it is not there */
export function parseState(text: string | undefined): ShellState {
  const [word] = (text ?? '').trim().split(' ');
  if (word === 'idle' || word === 'more') return { at: word };
  return { at: word === '' ? 'start' : 'busy' };
}

/** Name of the variable with the path that all files of a terminal begin with. The shell keeps it to itself. */
export const TERMINAL = 'MCPGW_TERMINAL';

/** What is typed to run the command that is in the file of `run`. Behind a space it stays out of the history. */
export function runLine(run: string): string {
  return ` eval "$(__mcpgw_run ${run})"`;
}

/** Begins the line in front of a command's output, and the line behind it. */
export function marker(run: string): string {
  return `[${run}] `;
}

/** For `bash --rcfile`. The command is read by the shell itself and evaluated at its top level, so that `cd`, variables and functions stay. */
export const RC_FILE = String.raw`
__mcpgw_terminal=$${TERMINAL}
unset ${TERMINAL}
__mcpgw_say() { printf '%s\n' "$*" >| "$__mcpgw_terminal.state"; }
__mcpgw_prompt() {
  local status=$? word='' run=''
  { read -r word run <"$__mcpgw_terminal.state"; } 2>/dev/null
  if [[ $word == run ]]; then
    printf '[%s] exit %s\n' "$run" "$status"
    printf '%s\n' "$status" >| "$__mcpgw_terminal.$run.end"
  fi
  __mcpgw_say idle
}
__mcpgw_run() {
  local command first
  command=$(<"$__mcpgw_terminal.$1") || return
  rm -f "$__mcpgw_terminal.$1" 2>/dev/null
  __mcpgw_say run "$1"
  first=${'$'}{command%%$'\n'*}
  [[ $first == "$command" ]] || first+=' …'
  # In place of the line that was typed.
  printf '\e[A\r\e[2K[%s] $ %s\n' "$1" "$first" >/dev/tty
  printf '%s' "$command"
}
PROMPT_COMMAND=__mcpgw_prompt
PS0='$(__mcpgw_say busy)'
PS1='\W \$ '
PS2='$(__mcpgw_say more)> '
HISTCONTROL=ignoreboth
`;
