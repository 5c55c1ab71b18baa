/** What is kept of an OpenAPI document: its operations as functions, and how each becomes a request again. JSON, made by describe. */
import type { JsonObject } from '../manifest-fields.ts'
import type { Json } from '../python/sandbox-driver.ts'

export interface DocumentPlan {
  operations: OperationPlan[]
}

export interface OperationPlan {
  /** `operationId`, else `METHOD /path`: what `melzi.functions` names. */
  operation: string
  /** Function name. */
  name: string
  description: string
  /** JSON Schema of the arguments: parameters and fields of the body side by side. */
  parameters: JsonObject
  /** Null for an operation that is not ticked, and for which there was no room. */
  request: RequestPlan | null
}

export interface RequestPlan {
  /** In upper case. */
  method: string
  /** Absolute, without a slash at its end. */
  server: string
  /** Template: `/pets/{petId}`. */
  path: string
  /** Value of the header `accept`. */
  accept: string
  inputs: InputPlan[]
  body: BodyPlan | null
}

export type ParameterPlace = 'path' | 'query' | 'header' | 'cookie'

export type ParameterStyle =
  | 'form'
  | 'simple'
  | 'label'
  | 'matrix'
  | 'spaceDelimited'
  | 'pipeDelimited'
  | 'deepObject'

export interface Serialization {
  style: ParameterStyle
  explode: boolean
  /** Written as JSON instead. */
  asJson: boolean
}

export interface InputPlan extends Serialization {
  /** Null for what is always `fallback`. */
  argument: string | null
  place: ParameterPlace
  name: string
  /** Reserved characters (`/`, `:`, `,`) stay as they are. */
  allowReserved: boolean
  /** Sent when the argument is absent: the parameter is required and the document says what it then is. */
  fallback: Json
}

export interface BodyPlan {
  mediaType: string
  form: 'json' | 'urlencoded' | 'multipart' | 'raw'
  required: boolean
  /** The argument that is the whole body; null where the body is put together from fields. */
  whole: string | null
  fields: FieldPlan[]
  /** Arguments that are no parameter go into the body too: its schema says that it may have more fields. */
  isOpen: boolean
}

export interface FieldPlan extends Serialization {
  argument: string
  name: string
  /** Its text is a file's content, or the name of one of the conversation's files. */
  isFile: boolean
  /** Of a multipart part, from the document; null: by its value. */
  contentType: string | null
  fallback: Json
}
