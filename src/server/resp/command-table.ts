/*
 * Finds a command by its name as sent. The parser interns names (CommandNames), so the lookup of "GET" or "get" is one look
 * into a Map by a string whose hash is known. Other mixtures of capitals are lowered first: rare, and right all the same.
 *
 * Counts calls, for INFO and metrics.
 */
import type { ByteString } from "../../shared/bytes.ts";
import { invariant } from "../../shared/assert.ts";
import type { Command } from "./command.ts";

export class CommandEntry {
  readonly command: Command;
  calls = 0;
  /** Calls that were refused before they ran: arity, authentication. */
  rejected = 0;

  constructor(command: Command) {
    this.command = command;
  }
}

export class CommandTable {
  private readonly byName = new Map<ByteString, CommandEntry>();
  readonly entries: readonly CommandEntry[];

  constructor(commands: readonly Command[]) {
    this.entries = commands.map((command) => new CommandEntry(command));
    for (const entry of this.entries) {
      const { name } = entry.command;
      invariant(name === name.toLowerCase() && !this.byName.has(name), "a command's name is its own, in small letters");
      this.byName.set(name, entry);
      this.byName.set(name.toUpperCase(), entry);
    }
  }

  find(name: ByteString): CommandEntry | undefined {
    return this.byName.get(name) ?? this.byName.get(name.toLowerCase());
  }

  resetCounts(): void {
    for (const entry of this.entries) {
      entry.calls = 0;
      entry.rejected = 0;
    }
  }
}
