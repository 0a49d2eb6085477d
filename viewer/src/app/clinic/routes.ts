import { t } from '../../text/clinicnav'
import type { Route } from '../route'
import { todoCount, unreadCount } from './counts'

const clinic = ['tech', 'clinician'] as const

export const routes: Route[] = [
  { pattern: '/upload', roles: clinic, load: () => import('./home'), nav: { label: () => t('upload'), at: 1, count: () => todoCount.value }, full: true },
  { pattern: '/orders', roles: clinic, load: () => import('./orders'), nav: { label: () => t('orders'), at: 2 }, full: true },
  { pattern: '/orders/new', roles: clinic, load: () => import('./orderpage'), full: true },
  { pattern: '/orders/:id', roles: clinic, load: () => import('./orderpage'), full: true },
  { pattern: '/results', roles: clinic, load: () => import('./results'), nav: { label: () => t('results'), at: 3, count: () => unreadCount.value }, full: true },
  { pattern: '/results/:task', roles: clinic, load: () => import('./result'), full: true },
  { pattern: '/recognition', roles: ['clinician', 'qc'], load: () => import('./recognition'), nav: { label: () => t('recognition'), at: 4 }, full: true },
  { pattern: '/reassign', roles: ['tech', 'clinician', 'reader', 'reviewer'], load: () => import('./reassign'), nav: { label: () => t('reassign'), at: 15 }, full: true },
  { pattern: '/duty', roles: clinic, load: () => import('./dutypage'), nav: { label: () => t('duty'), at: 9 }, full: true },
]
