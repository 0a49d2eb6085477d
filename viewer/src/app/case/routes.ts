import type { Route } from '../route'

export const routes: Route[] = [
  { pattern: '/case/:id', roles: ['reader', 'reviewer', 'expert', 'qc'], load: () => import('./page'), full: true },
]
