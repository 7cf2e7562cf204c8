/*
 * The limits on frames that both adapters share, so that the simulator finds what would not fit on a real link.
 */
const KiB = 1024;
const MiB = 1024 * KiB;

/** 64 MiB for what a frame carries, and some room for what surrounds it. */
export const frameBytesMaxDefault: number = 64 * MiB + 64 * KiB;
/** Per peer; beyond it the link is reset. */
export const queueBytesMaxDefault: number = 128 * MiB;
