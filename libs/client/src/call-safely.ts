/** Calls what the application gave: a listener that fails must not keep others from hearing, nor the client from its work. */
export function callSafely(call: () => void): void {
  try {
    call();
  } catch (error) {
    // Told to the platform as any uncaught error.
    queueMicrotask(() => {
      throw error;
    });
  }
}
