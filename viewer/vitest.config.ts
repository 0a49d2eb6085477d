import { defineConfig } from 'vitest/config'

// Pure functions only: no DOM is simulated. What needs a browser is driven in
// Chromium by the end-to-end tests.
export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  test: { environment: 'node', include: ['test/**/*.test.ts'], setupFiles: ['test/browser.ts'] },
})
