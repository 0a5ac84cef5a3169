/** Timestamps of the device's own clock, in ns. */
export interface DeviceSpan {
  readonly begin: bigint;
  readonly end: bigint;
}
