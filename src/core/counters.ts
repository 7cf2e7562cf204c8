/*
 * What the core counts, for metrics, tests and the simulator's coverage of rare situations. Plain numbers that only grow;
 * sizes that go both ways are read from their owners by NodeCore.sizes().
 */
export class Counters {
  readsLocal = 0;
  readsForwarded = 0;
  readsFromStore = 0;
  writesLocal = 0;
  writesForwarded = 0;
  conditionsFailed = 0;
  requestsRepeated = 0;
  frames = 0;
  frameEntries = 0;
  frameBytes = 0;
  writesReceived = 0;
  writesRepeated = 0;
  writesApplied = 0;
  writesBeaten = 0;
  partsApplied = 0;
  transactionsBegun = 0;
  transactionsCommitted = 0;
  transactionsAborted = 0;
  transactionsInConflict = 0;
  transactionQuestions = 0;
  snapshots = 0;
  snapshotsSecondRound = 0;
  snapshotsTooOld = 0;
  writesBlocked = 0;
  writesDropped = 0;
  writesHeldForClock = 0;
  depChecksAsked = 0;
  depChecksAnswered = 0;
  depChecksFromWatermark = 0;
  streamsOpened = 0;
  streamRewinds = 0;
  shippedWrites = 0;
  shippedBytes = 0;
  logReadsForShipping = 0;
  contextCollapses = 0;
  contextDotsStable = 0;
  attachWaits = 0;
  clocksRefused = 0;
  evictions = 0;
  tombstonesCollected = 0;
  expiredCollected = 0;
  malformedMessages = 0;
}
