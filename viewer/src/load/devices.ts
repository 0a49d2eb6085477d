import { send } from './admin'

export const services = ['store', 'query', 'retrieve', 'worklist', 'step', 'commit'] as const
export type Service = (typeof services)[number]
export type Refusal = 'unknown' | 'inactive' | 'address' | 'certificate' | 'called'

/** A device with what was seen of it. */
export interface DeviceRow {
  id: string
  member: string
  ae_title: string
  name: string
  address: string
  kind: string
  auto_submit: boolean
  active: boolean
  port: number
  tls: boolean
  charset: string
  services: Service[]
  fingerprint: string
  silent_hours: number
  last_seen?: string
  instances: number
  today: number
  last_error: string
  error_note: string
  error_at?: string
  refused: number
  refused_for: Refusal | ''
  refused_at?: string
  skew_ms: number
  skewed: boolean
  silent: boolean
}

/** A caller that was refused. */
export interface Stranger {
  ae_title: string
  address: string
  called: string
  client: string
  reason: Refusal
  count: number
  first_at: string
  last_at: string
  member: string
}

/** A rule that forwards copies. */
export interface Forward {
  id: string
  name: string
  member: string
  modalities: string[]
  calling: string
  kind: 'dicom' | 'web'
  address: string
  port: number
  called_ae: string
  tls: boolean
  url: string
  has_token: boolean
  active: boolean
  waiting: number
  failed: number
  done: number
}

/** A study on its way. */
export interface ForwardJob {
  id: string
  state: 'waiting' | 'failed' | 'done'
  sent: number
  tries: number
  next_at?: string
  error: string
  created_at: string
  done_at?: string
  instances: number
}

export const forwardPath = (id: string, rest = '') => `/api/v1/routes/${encodeURIComponent(id)}${rest}`

export const retryForward = (id: string) => send<{ studies: number }>('POST', forwardPath(id, '/retry'))
