import { t } from '../../text/worklist'
import type { Route } from '../route'

const readingRoom = ['reader', 'reviewer', 'expert'] as const

export const routes: Route[] = [
  {
    pattern: '/worklist',
    roles: readingRoom,
    load: () => import('./page'),
    nav: { label: () => t('worklist'), at: 10 },
    full: true,
  },
]
