import type { ModelsConfig } from '../config/models-settings.ts'
import { DEMO_MODEL_NAME } from '../models/demo/demo-model.ts'

/** The name of the model that answers where none is named. */
export const defaultModel = (models: ModelsConfig): string =>
  models.kind === 'demo' ? DEMO_MODEL_NAME : models.default
