import { DeletedFile } from '../deleted.ts'
import {
  CreateFileFields,
  FileExpiresAfter,
  FileList,
  FileListQuery,
  FileObject,
  FilePurpose,
  FilePurposeInput,
} from '../file.ts'
import {
  AddUploadPartFields,
  CompleteUploadRequest,
  CreateUploadRequest,
  UploadObject,
  UploadPartObject,
} from '../upload.ts'
import { json, type Part } from './operation.ts'

export const filePart: Part = {
  tag: 'Files',
  description: 'Documents for tools, and pictures for messages.',
  operations: [
    {
      id: 'createFile',
      method: 'post',
      path: '/files',
      summary: 'Upload a file',
      description: 'A form with the file and its purpose, in any order. Larger files: uploads.',
      body: {
        type: 'form',
        schema: CreateFileFields,
        file: { field: 'file', sample: 'handbook.pdf' },
        example: { purpose: 'assistants' },
      },
      reply: json(FileObject),
      sdk: 'files.create',
    },
    {
      id: 'listFiles',
      method: 'get',
      path: '/files',
      summary: 'List files',
      description: 'Your files, up to 10,000 at a time.',
      query: { schema: FileListQuery, example: { purpose: 'assistants' } },
      reply: json(FileList),
      sdk: 'files.list',
    },
    {
      id: 'retrieveFile',
      method: 'get',
      path: '/files/{file_id}',
      summary: 'Read what is known of a file',
      description: 'Name, size and purpose; the content has a call of its own.',
      reply: json(FileObject),
      sdk: 'files.retrieve',
    },
    {
      id: 'downloadFile',
      method: 'get',
      path: '/files/{file_id}/content',
      summary: 'Download a file',
      description:
        'The bytes as they were uploaded or as a tool wrote them. Files of purpose `assistants` or `user_data` are not handed out again.',
      reply: { 'application/octet-stream': null },
      savedAs: 'handbook.pdf',
      sdk: 'files.content',
    },
    {
      id: 'deleteFile',
      method: 'delete',
      path: '/files/{file_id}',
      summary: 'Delete a file',
      description: 'It goes from every vector store and every tool as well.',
      reply: json(DeletedFile),
      sdk: 'files.delete',
    },
  ],
  schemas: { DeletedFile, FileExpiresAfter, FileList, FileObject, FilePurpose, FilePurposeInput },
  notes: {
    'createFile.purpose': 'One of fine-tune, assistants, batch, user_data, vision, evals.',
    'createFile.expires_after':
      'Sent as `expires_after[anchor]` and `expires_after[seconds]`; an hour to thirty days.',
    'listFiles.purpose': 'Only files of this purpose.',
    'FileObject.bytes': 'Size in bytes.',
  },
}

export const uploadPart: Part = {
  tag: 'Uploads',
  description: 'A file of up to 8 GB, sent in parts.',
  operations: [
    {
      id: 'createUpload',
      method: 'post',
      path: '/uploads',
      summary: 'Begin an upload',
      description: 'The parts must come within the hour.',
      body: {
        type: 'json',
        schema: CreateUploadRequest,
        example: {
          filename: 'handbook.pdf',
          purpose: 'assistants',
          bytes: 104_857_600,
          mime_type: 'application/pdf',
        },
      },
      reply: json(UploadObject),
      sdk: 'uploads.create',
    },
    {
      id: 'addUploadPart',
      method: 'post',
      path: '/uploads/{upload_id}/parts',
      summary: 'Send a part',
      description: 'Up to 64 MB each; several may be sent at the same time.',
      body: {
        type: 'form',
        schema: AddUploadPartFields,
        file: { field: 'data', sample: 'handbook.part1' },
        example: {},
      },
      reply: json(UploadPartObject),
      sdk: 'uploads.parts.create',
    },
    {
      id: 'completeUpload',
      method: 'post',
      path: '/uploads/{upload_id}/complete',
      summary: 'Complete an upload',
      description: 'Joins the parts in the order of `part_ids` into a file.',
      body: {
        type: 'json',
        schema: CompleteUploadRequest,
        example: { part_ids: ['part_abc123', 'part_abc456'] },
      },
      reply: json(UploadObject),
      sdk: 'uploads.complete',
    },
    {
      id: 'cancelUpload',
      method: 'post',
      path: '/uploads/{upload_id}/cancel',
      summary: 'Cancel an upload',
      description: 'Its parts are removed.',
      reply: json(UploadObject),
      sdk: 'uploads.cancel',
    },
  ],
  schemas: { CompleteUploadRequest, CreateUploadRequest, UploadObject, UploadPartObject },
  notes: {
    'CreateUploadRequest.bytes': 'Size of the whole file in bytes; the parts must add up to it.',
    'CompleteUploadRequest.part_ids': 'The parts in the order of the file.',
    'CompleteUploadRequest.md5': 'Checksum of the whole file in hexadecimal digits.',
    'UploadObject.file': 'The file, once the upload is complete.',
  },
}
