/**
 * What the hub answered instead of a result: RFC 9457 problem JSON. `detail`
 * is a sentence for the user in the language asked for.
 */
export class Problem extends Error {
  constructor(
    /** HTTP status; 0 when no answer came at all. */
    readonly status: number,
    /** Key of the hub's message catalogue: "task.claimed"; "network" without an answer. */
    readonly code: string,
    /** The hub's sentence, or "" when it sent none. */
    readonly detail: string,
    /** Whatever else the problem carries: holder, claim, candidates … */
    readonly more: Readonly<Record<string, unknown>> = {},
  ) {
    super(`${status} ${code}`)
    this.name = 'Problem'
  }

  /** Whether trying again later may help without any change. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 502
  }
}

/** Reads a failed answer; a body that is no problem JSON leaves detail empty. */
export function readProblem(status: number, body: string): Problem {
  try {
    const raw: unknown = JSON.parse(body)
    if (raw && typeof raw === 'object' && !Array.isArray(raw)) {
      const { code, detail, title, ...more } = raw as Record<string, unknown>
      const sentence = typeof detail === 'string' && detail !== '' ? detail : typeof title === 'string' ? title : ''
      return new Problem(status, typeof code === 'string' ? code : '', sentence, more)
    }
  } catch {
    // A proxy's HTML page, for instance: only the status is worth anything.
  }
  return new Problem(status, '', '')
}

/** Turns anything thrown into a Problem, so that pages show one thing. */
export function asProblem(fault: unknown): Problem {
  if (fault instanceof Problem) return fault
  return new Problem(0, 'network', '')
}
