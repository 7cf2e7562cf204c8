/*
 * The bytes of RESP that have a meaning. Type bytes are RESP3's (the RESP3 specification, "RESP3 types"); RESP2 has the
 * first five.
 */

export const CR = 0x0d;
export const LF = 0x0a;
export const ZERO = 0x30;

export const TYPE_SIMPLE_STRING = 0x2b; // +
export const TYPE_ERROR = 0x2d; // -
export const TYPE_INTEGER = 0x3a; // :
export const TYPE_BULK = 0x24; // $
export const TYPE_ARRAY = 0x2a; // *
export const TYPE_NULL = 0x5f; // _
export const TYPE_BOOLEAN = 0x23; // #
export const TYPE_DOUBLE = 0x2c; // ,
export const TYPE_BIG_NUMBER = 0x28; // (
export const TYPE_BULK_ERROR = 0x21; // !
export const TYPE_VERBATIM = 0x3d; // =
export const TYPE_MAP = 0x25; // %
export const TYPE_SET = 0x7e; // ~
export const TYPE_ATTRIBUTE = 0x7c; // |
export const TYPE_PUSH = 0x3e; // >
