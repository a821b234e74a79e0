/** A web page for services that open one, so that no test leaves the machine. It is served beside the identity provider. */
export const PAGE = {
  host: 'pages.test',
  port: 8000,
  url: 'http://pages.test:8000/page',
  title: 'A page of the stack test',
};

export const PAGE_HTML = `<!doctype html><html><head><title>${PAGE.title}</title></head><body><h1>Hello</h1></body></html>`;
