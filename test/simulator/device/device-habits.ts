export interface DeviceHabits {
  /** The mean time between two writes. */
  readonly thinkMs: number;
  /** The mean time between two things that happen to it besides; infinite when nothing does. */
  readonly troubleMs: number;
}
