// The policy folder: reading it, and the policies that a new one begins with.

import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadPolicies, PolicyError, type PolicySet } from '#policy'
import { exampleTests } from './example-tests.ts'
import { type ConfigurationReader, diskReader } from './recording.ts'

/**
 * Reads and validates the policies of a folder.
 *
 * @throws PolicyError with file, line and column
 */
export async function readPolicies(folder: string, reader: ConfigurationReader = diskReader): Promise<PolicySet> {
  const loading = loadPolicies(folder, {
    readFile: reader.readListed,
    listFiles: () => {
      try {
        return reader.listFiles(folder)
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
        throw new Error('the folder of the policies does not exist')
      }
    },
  })
  return loading.catch((error) => {
    throw error instanceof PolicyError ? withAdvice(error) : error
  })
}

/** A folder keeps the schema that it was made with; one from before there were data classes has to be told of them. */
function withAdvice(error: PolicyError): PolicyError {
  const issues = error.issues.map((issue) =>
    /^attribute `(?:data|masked)` in context for Holdfast::Action::"infer" not found/.test(issue.message)
      ? { ...issue, message: `${issue.message.split(';', 1)[0]}: ${advice}` }
      : issue,
  )
  return new PolicyError(error.code, issues, { cause: error })
}

const advice = 'add `data: Set<String>, masked: Set<String>` to its context in the .cedarschema of this folder'

const schemaFile = {
  name: 'holdfast.cedarschema',
  text: `// What policies can talk about. The gateway asks two questions of every request:
//   may this caller use this operation (action "call"), and may it use this model (action "infer")?
// The management API asks one: may this caller read, scan or administer this?
namespace Holdfast {
  entity Tenant;
  entity Principal in [Tenant];
  entity Key in [Principal] { name: String, scopes: Set<String> };
  // The holder of a JWT of a configured issuer; its claims are tags: principal.getTag("groups").contains("ml").
  entity Token in [Principal] { issuer: String, scopes: Set<String> } tags Set<String>;

  entity Operation;
  entity Upstream;
  entity Model in [Upstream] { name: String };

  action "call" appliesTo { principal: [Key, Token], resource: [Operation], context: {} };
  // data: what detectors found and that leaves as it is ("personal", "personal.email", "secret", "uninspected", ...);
  // masked: what they found and that leaves as a placeholder.
  action "infer" appliesTo {
    principal: [Key, Token],
    resource: [Model],
    context: { stream: Bool, tools: Bool, data: Set<String>, masked: Set<String> }
  };

  // What the management API has: "keys", "findings", "actions", "budgets", "assets", "events", "log", "exchanges",
  // "scans" and its own "document". Without these lines it refuses everybody.
  entity Api;
  action "read", "scan", "administer" appliesTo { principal: [Key, Token], resource: [Api], context: {} };
}
`,
}

const policyFile = {
  name: 'default.cedar',
  text: `// What is not permitted here is refused. Cedar: https://docs.cedarpolicy.com
// These hold for API keys and for tokens alike; with 'principal is Holdfast::Key' a policy leaves tokens out.

@id("keys-with-the-chat-scope-may-chat")
permit (
  principal,
  action == Holdfast::Action::"call",
  resource is Holdfast::Operation
) when {
  principal.scopes.contains("chat") &&
  [
    Holdfast::Operation::"chat",
    Holdfast::Operation::"completions",
    Holdfast::Operation::"messages",
    Holdfast::Operation::"count_tokens"
  ].contains(resource)
};

@id("keys-with-the-embeddings-scope-may-embed")
permit (
  principal,
  action == Holdfast::Action::"call",
  resource == Holdfast::Operation::"embeddings"
) when { principal.scopes.containsAny(["embeddings", "chat"]) };

@id("every-key-may-list-models")
permit (
  principal,
  action == Holdfast::Action::"call",
  resource == Holdfast::Operation::"models"
);

@id("keys-with-the-chat-scope-may-use-every-model")
permit (
  principal,
  action == Holdfast::Action::"infer",
  resource is Holdfast::Model
) when { principal.scopes.contains("chat") };

// An embeddings key has nothing else that it may call, so it may name any model too.
@id("keys-with-the-embeddings-scope-may-use-every-model")
permit (
  principal,
  action == Holdfast::Action::"infer",
  resource is Holdfast::Model
) when { principal.scopes.contains("embeddings") };

// The management API. Who may administer keys can make one that may do anything.
@id("keys-with-the-admin-scope-may-use-all-of-the-management-api")
permit (
  principal,
  action in [Holdfast::Action::"read", Holdfast::Action::"scan", Holdfast::Action::"administer"],
  resource is Holdfast::Api
) when { principal.scopes.contains("admin") };

@id("keys-with-the-audit-scope-may-read-the-management-api")
permit (
  principal,
  action == Holdfast::Action::"read",
  resource is Holdfast::Api
) when { principal.scopes.contains("audit") };

@id("keys-with-the-scan-scope-may-have-files-judged")
permit (
  principal,
  action in [Holdfast::Action::"read", Holdfast::Action::"scan"],
  resource
) when {
  principal.scopes.contains("scan") &&
  [Holdfast::Api::"scans", Holdfast::Api::"document"].contains(resource)
};

// An example to start from: one tenant may not use one model.
// @id("acme-stays-off-the-large-model")
// forbid (
//   principal in Holdfast::Tenant::"acme",
//   action == Holdfast::Action::"infer",
//   resource == Holdfast::Model::"gpt-large"
// );
`,
}

/**
 * The folder with policies in it: the defaults are written when it does not exist, and never over what is there.
 *
 * @returns `folder`
 */
export function ensurePolicies(folder: string): string {
  if (existsSync(folder)) return folder
  mkdirSync(folder, { recursive: true })
  // Whatever the umask: who could write to a policy could permit themselves everything.
  chmodSync(folder, 0o750)
  for (const { name, text } of [schemaFile, policyFile, exampleTests])
    writeFileSync(join(folder, name), text, { mode: 0o640 })
  return folder
}
