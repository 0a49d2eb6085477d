import type { Route } from './route'

/** Every area that has a routes.ts: a new folder registers itself. */
const areas = import.meta.glob<{ routes: Route[] }>('./*/routes.ts', { eager: true })

/** All pages of the program. */
export const routes: readonly Route[] = Object.values(areas).flatMap((a) => a.routes)
