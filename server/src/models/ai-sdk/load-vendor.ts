import type { AISDKError, APICallError, LanguageModelV4 } from '@ai-sdk/provider'

import type { VendorSettings } from './settings.ts'

/** A vendor's package, ready to be asked. */
export interface LoadedVendor {
  /** @param id the vendor's name for the model */
  model: (id: string) => LanguageModelV4
  /** For telling the package's errors apart. */
  errors: { AISDKError: typeof AISDKError; APICallError: typeof APICallError }
}

/** A redirect would take the vendor's key header along to wherever it points. */
const fetchHere: typeof fetch = (input, init) => fetch(input, { ...init, redirect: 'error' })

const address = (settings: VendorSettings) =>
  settings.baseUrl === null ? { fetch: fetchHere } : { fetch: fetchHere, baseURL: settings.baseUrl }

const withKey = (settings: VendorSettings) => ({
  ...address(settings),
  apiKey: settings.apiKey ?? '',
})

const loadModel = async (settings: VendorSettings): Promise<LoadedVendor['model']> => {
  switch (settings.provider) {
    case 'anthropic': {
      const { createAnthropic } = await import('@ai-sdk/anthropic')
      return createAnthropic(withKey(settings))
    }
    case 'google': {
      const { createGoogle } = await import('@ai-sdk/google')
      return createGoogle(withKey(settings))
    }
    case 'mistral': {
      const { createMistral } = await import('@ai-sdk/mistral')
      return createMistral(withKey(settings))
    }
    case 'bedrock': {
      const { createAmazonBedrock } = await import('@ai-sdk/amazon-bedrock')
      const { aws, apiKey } = settings
      return createAmazonBedrock({
        ...address(settings),
        region: aws?.region ?? '',
        // An empty key keeps the package from looking for one in the environment.
        apiKey: apiKey ?? '',
        ...(typeof aws?.accessKeyId === 'string' ? { accessKeyId: aws.accessKeyId } : {}),
        ...(typeof aws?.secretAccessKey === 'string'
          ? { secretAccessKey: aws.secretAccessKey }
          : {}),
        ...(typeof aws?.sessionToken === 'string' ? { sessionToken: aws.sessionToken } : {}),
      })
    }
    case 'azure': {
      const { createAzure } = await import('@ai-sdk/azure')
      const { apiVersion } = settings
      const azure = createAzure({
        ...withKey(settings),
        ...(apiVersion === null ? {} : { apiVersion, useDeploymentBasedUrls: true }),
      })
      // Chat completions, which every deployment has; the package's default is the responses API.
      return (id) => azure.chat(id)
    }
  }
}

/** Imports a vendor's package: the one place that does, and only when a model of the vendor is asked for the first time. */
export const loadVendor = async (settings: VendorSettings): Promise<LoadedVendor> => {
  const [{ AISDKError, APICallError }, model] = await Promise.all([
    import('@ai-sdk/provider'),
    loadModel(settings),
  ])
  return { model, errors: { AISDKError, APICallError } }
}
