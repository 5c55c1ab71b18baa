import type { ModelRetries, ModelTimeouts } from '../openai-compatible/settings.ts'

/** Vendors with a wire of their own, each behind its AI SDK package. */
export type Vendor = 'anthropic' | 'google' | 'mistral' | 'bedrock' | 'azure'

/** For requests signed with AWS keys. */
export interface AwsSettings {
  region: string
  /** Null when `apiKey` is a Bedrock API key. */
  accessKeyId: string | null
  secretAccessKey: string | null
  sessionToken: string | null
}

/** One model of such a vendor, and how long we wait for it. */
export interface VendorSettings {
  provider: Vendor
  /** The model's name here, for messages to people. */
  name: string
  /** The vendor's name for the model; null passes on the name the client asked for. */
  upstreamModel: string | null
  /** Null for the vendor's own address. */
  baseUrl: string | null
  apiKey: string | null
  /** Azure's `api-version`; null for its `/openai/v1` form, which needs none. */
  apiVersion: string | null
  /** Bedrock's; null elsewhere. */
  aws: AwsSettings | null
  /** Passed as they came, http(s) ones fetched and inlined, or refused. */
  images: 'url' | 'inline' | 'refuse'
  /** Prompt and answer together, in tokens; null when unknown. */
  contextTokens: number | null
  timeouts: ModelTimeouts
  retries: ModelRetries
}
