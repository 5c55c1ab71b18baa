import {
  AddUploadPartFields,
  CompleteUploadRequest,
  CreateUploadRequest,
} from '@melzi/contract/upload.ts'
import type { FastifyInstance } from 'fastify'
import { readForm, takeForms } from '../../http/form.ts'
import { parseBody, parseFields } from '../../http/validate.ts'
import { presentPart, presentUpload } from './present.ts'
import type { UploadService } from './service.ts'

interface Params {
  upload_id: string
}

export const uploadRoutes = (app: FastifyInstance, uploads: UploadService): void => {
  app.post('/uploads', async (request) => {
    const body = parseBody(CreateUploadRequest, request.body)
    return presentUpload(await uploads.create(request.principal, body), null)
  })

  void app.register(async (scope) => {
    takeForms(scope)

    scope.post<{ Params: Params }>('/uploads/:upload_id/parts', async (request) => {
      const { principal } = request
      const { upload_id: id } = request.params
      await uploads.checkPending(principal, id)
      await using form = await readForm(request, {
        file: 'data',
        maxBytes: uploads.maxPartBytes,
        take: (content) => uploads.receive(principal, content),
      })
      parseFields(AddUploadPartFields, form.fields)
      return presentPart(await uploads.addPart(principal, id, form.content))
    })
  })

  app.post<{ Params: Params }>('/uploads/:upload_id/complete', async (request) => {
    const body = parseBody(CompleteUploadRequest, request.body)
    const { upload, file } = await uploads.complete(
      request.principal,
      request.params.upload_id,
      body,
    )
    return presentUpload(upload, file)
  })

  app.post<{ Params: Params }>('/uploads/:upload_id/cancel', async (request) =>
    presentUpload(await uploads.cancel(request.principal, request.params.upload_id), null),
  )
}
