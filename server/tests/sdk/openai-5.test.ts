import OpenAI from 'openai-v5'
import type Current from 'openai'
import { sdkFileSuite } from './file-suite.ts'
import { currentDialect, incompleteStreamTest, sdkSuite } from './suite.ts'

// The classes differ in private parts only; the suite touches what they share.
const Client = OpenAI as unknown as typeof Current

sdkSuite('5', Client, currentDialect)
incompleteStreamTest('5', Client)
sdkFileSuite('5', Client)
