// The two names of a browser that modules touch when they are loaded.
Object.assign(globalThis, {
  location: { pathname: '/', host: 'localhost', protocol: 'http:', origin: 'http://localhost' },
  addEventListener: () => {},
})
