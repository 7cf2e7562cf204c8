/*
 * What the RESP port counts, for INFO and metrics. Plain numbers that only grow.
 */
export class RespStats {
  connectionsReceived = 0;
  connectionsRejected = 0;
  connectionsTimedOut = 0;
  commandsProcessed = 0;
  unknownCommands = 0;
  authenticationFailures = 0;
  protocolErrors = 0;
  httpRequests = 0;
  inputBytes = 0;
  outputBytes = 0;
  /** Times that a slow reader was paused, and readers that were dropped. */
  readersPaused = 0;
  readersDropped = 0;

  reset(): void {
    Object.assign(this, new RespStats());
  }
}
