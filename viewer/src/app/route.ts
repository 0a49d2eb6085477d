import type { ComponentType } from 'preact'
import type { Role } from '../load/types'

/** One entry of the header. */
export interface Nav {
  label(): string
  /** Order from left to right. */
  at: number
  /** A live number beside the word, e.g. things to do; 0 shows none. */
  count?(): number
}

/**
 * One page. An area (a folder under src/app with a routes.ts) exports its
 * `routes`; its pages are chunks of their own, loaded when first shown.
 */
export interface Route {
  /** "/case/:id"; a part that starts with ":" matches one segment. */
  pattern: string
  roles: readonly Role[]
  load(): Promise<{ default: ComponentType<PageProps> }>
  nav?: Nav
  /** Fills the window instead of scrolling: worklist and case. */
  full?: boolean
}

export interface PageProps {
  params: Readonly<Record<string, string>>
}

/** The parts of a path that a pattern names, or null where it does not fit. */
export function matchPath(pattern: string, at: string): Record<string, string> | null {
  const want = pattern.split('/')
  const have = at.replace(/\/+$/, '').split('/')
  if (at === '/' ? pattern !== '/' : want.length !== have.length) return null
  const params: Record<string, string> = {}
  for (const [i, part] of want.entries()) {
    const value = have[i] ?? ''
    if (part.startsWith(':')) {
      if (value === '') return null
      try {
        params[part.slice(1)] = decodeURIComponent(value)
      } catch {
        return null
      }
    } else if (part !== value) return null
  }
  return params
}

/** The route of a path with its parameters. */
export function findRoute(routes: readonly Route[], at: string): { route: Route; params: Record<string, string> } | null {
  for (const route of routes) {
    const params = matchPath(route.pattern, at)
    if (params) return { route, params }
  }
  return null
}

/** The routes a set of roles may open. */
export function allowed(routes: readonly Route[], roles: readonly Role[]): Route[] {
  return routes.filter((r) => r.roles.some((role) => roles.includes(role)))
}

/** Where the roles begin: the first entry of their header. */
export function home(routes: readonly Route[], roles: readonly Role[]): string | null {
  const entries = allowed(routes, roles).filter((r) => r.nav)
  entries.sort((a, b) => a.nav!.at - b.nav!.at)
  return entries[0]?.pattern ?? null
}
