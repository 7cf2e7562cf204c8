import { expect, it } from "vitest";
import { formatBytes } from "./format-bytes.ts";

it.each([
  [0, "0B"],
  [1023, "1023B"],
  [1024, "1.00K"],
  [1536, "1.50K"],
  [5 * 1024 ** 3, "5.00G"],
  [3 * 1024 ** 5, "3072.00T"],
])("%d bytes are %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});
