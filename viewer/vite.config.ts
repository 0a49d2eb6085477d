import { defineConfig } from 'vite'

// The addresses the dev server hands on to a hub started beside it.
const hub = process.env.YUANZHEN_HUB ?? 'http://127.0.0.1:8080'

export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  // cornerstone3D asks for Node's "events"; without the package of that name
  // the build passes and the page dies at start.
  resolve: { alias: { events: 'events/' } },
  worker: { format: 'es' },
  build: {
    target: ['chrome109'],
    cssTarget: ['chrome109'],
    manifest: true,
    // The viewer chunk is large on purpose and has its own budget
    // (scripts/budget.mjs).
    chunkSizeWarningLimit: 6000,
    assetsInlineLimit: 2048,
  },
  server: {
    proxy: {
      '/api': hub,
      '/dicom-web': hub,
      '/ws': { target: hub, ws: true },
    },
  },
  preview: { port: 4173 },
})
