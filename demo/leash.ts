/**
 * Preloaded into every process of the demo: ends it at once when the demo itself was killed and could not
 * say so. The IPC channel closes with the process at its other end; an orderly end never comes to this.
 */
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
// The listener above holds the channel open, and an open channel would keep an ended process alive.
process.channel?.unref();
