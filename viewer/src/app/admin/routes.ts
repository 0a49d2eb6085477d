import { t } from '../../text/adminnav'
import type { Route } from '../route'

const everybody = ['tech', 'clinician', 'reader', 'reviewer', 'expert', 'dispatcher', 'qc', 'admin', 'secadmin', 'auditor', 'regulator'] as const

export const routes: Route[] = [
  { pattern: '/board', roles: ['dispatcher'], load: () => import('./board'), nav: { label: () => t('board'), at: 20 }, full: true },
  { pattern: '/quality', roles: ['qc'], load: () => import('./quality'), nav: { label: () => t('quality'), at: 3 } },
  { pattern: '/overview', roles: ['regulator', 'admin'], load: () => import('./overview'), nav: { label: () => t('overview'), at: 49 } },
  { pattern: '/accounts', roles: ['admin', 'secadmin'], load: () => import('./accounts'), nav: { label: () => t('accounts'), at: 40 } },
  { pattern: '/members', roles: ['admin'], load: () => import('./members'), nav: { label: () => t('members'), at: 41 } },
  { pattern: '/devices', roles: ['admin'], load: () => import('./devices'), nav: { label: () => t('devices'), at: 42 } },
  { pattern: '/agreements', roles: ['admin'], load: () => import('./agreements'), nav: { label: () => t('agreements'), at: 43 } },
  { pattern: '/roster', roles: ['admin', 'dispatcher'], load: () => import('./roster'), nav: { label: () => t('roster'), at: 44 } },
  { pattern: '/catalogue', roles: ['admin'], load: () => import('./catalogue'), nav: { label: () => t('catalogue'), at: 45 } },
  { pattern: '/audit', roles: ['auditor'], load: () => import('./audit'), nav: { label: () => t('audit'), at: 46 } },
  { pattern: '/me', roles: everybody, load: () => import('./me'), nav: { label: () => t('me'), at: 90 }, full: true },
]
