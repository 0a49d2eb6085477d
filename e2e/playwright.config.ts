import { defineConfig } from '@playwright/test'

// Pages are opened under a name that is not loopback, on plain HTTP: there a
// browser has no crypto.subtle, service worker or notifications, and a clinic's
// intranet address is just that.
export const clinicHost = 'clinic.test'

export default defineConfig({
  testDir: 'stories',
  globalSetup: './hub/setup.ts',
  // Below node_modules, where git does not look.
  outputDir: 'node_modules/.results',
  // Each story starts a hub and several windows of its own; two cores carry one at a time.
  workers: 1,
  timeout: 120_000,
  expect: { timeout: 15_000 },
  forbidOnly: Boolean(process.env.CI),
  reporter: [['list']],
  use: {
    locale: 'zh-CN',
    timezoneId: 'Asia/Shanghai',
    viewport: { width: 1366, height: 768 },
    actionTimeout: 15_000,
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--enable-unsafe-swiftshader',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--disable-quic',
        '--no-first-run',
        `--host-resolver-rules=MAP ${clinicHost} 127.0.0.1`,
      ],
    },
  },
})
