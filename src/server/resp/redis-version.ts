/*
 * The version of Redis whose commands and wording we follow: clients that look at it choose what they may use.
 */
export const redisVersion = "7.2.0";
