import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { chromiumBinary } from './components.ts'

/** Debian's Chromium, with pages that remember what went wrong in them. */
export interface TestBrowser extends AsyncDisposable {
  /** A visitor of its own: cookies and storage are empty. */
  visitor(options?: { locale?: string }): Promise<Visitor>
}

export interface Visitor {
  page: Page
  context: BrowserContext
  /** Errors of the console and of scripts, and requests to other origins. */
  faults: string[]
}

/** Starts the browser; the suite must have been skipped where it is missing. @param origin whose pages are looked at */
export const openTestBrowser = async (origin: string): Promise<TestBrowser> => {
  const browser: Browser = await chromium.launch({
    executablePath: chromiumBinary() ?? 'chromium',
    args: ['--no-sandbox', '--disable-background-networking'],
  })
  return {
    visitor: async ({ locale = 'en-US' } = {}) => {
      const context = await browser.newContext({ locale, baseURL: origin })
      const page = await context.newPage()
      const faults: string[] = []
      page.on('pageerror', (error) => faults.push(error.message))
      page.on('request', (request) => {
        const { protocol, origin: asked } = new URL(request.url())
        if (protocol.startsWith('http') && asked !== origin) faults.push(`asked ${request.url()}`)
      })
      return { page, context, faults }
    },
    [Symbol.asyncDispose]: () => browser.close(),
  }
}
