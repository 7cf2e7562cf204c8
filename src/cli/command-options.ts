/*
 * Options that several commands have: where the cluster is, and how to print.
 */
import { InvalidArgumentError, Option } from "commander";
import { dataDirectoryDefault } from "./dev/cluster-text.ts";

export function wholeNumberArgument(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number.");
}

export function dataOption(): Option {
  return new Option("--data <dir>", "the development cluster's directory")
    .env("COPS_DATA")
    .default(dataDirectoryDefault);
}

export function jsonOption(): Option {
  return new Option("--json", "print JSON, for programs");
}

export function passwordOption(): Option {
  return new Option("--password <password>", "better given in the environment").env("COPS_PASSWORD");
}

export function hostOption(): Option {
  return new Option("--host <host>", "a node of any cluster (with --port; default 127.0.0.1)").env("COPS_HOST");
}

export function portOption(): Option {
  return new Option("--port <port>", "that node's RESP port").env("COPS_PORT").argParser(wholeNumberArgument);
}

export function datacenterOption(): Option {
  return new Option("--datacenter <name>", "a node of this datacenter of the development cluster");
}
