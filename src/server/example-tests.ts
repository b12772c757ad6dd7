// The tests that a new policy folder begins with: they pass, exercise every default policy, and show how tests are
// written.

export const exampleTests = {
  name: 'default.test.yaml',
  text: `# Tests of the policies beside this file. Run them with: holdfast policy test
# Change a policy, and say here what must come out. More: docs/policy.md

# Who the tests know. An entity is written Type::"id", as in the policies.
entities:
  - uid: Holdfast::Key::"chat"
    attrs: { name: an application, scopes: [chat] }
    parents: ['Holdfast::Principal::"mia"']
  - uid: Holdfast::Key::"embeddings"
    attrs: { name: an indexer, scopes: [embeddings] }
    parents: ['Holdfast::Principal::"leo"']
  - uid: Holdfast::Key::"admin"
    attrs: { name: the security team, scopes: [admin] }
    parents: ['Holdfast::Principal::"mia"']
  - uid: Holdfast::Key::"audit"
    attrs: { name: a dashboard, scopes: [audit] }
    parents: ['Holdfast::Principal::"mia"']
  - uid: Holdfast::Key::"scan"
    attrs: { name: a build pipeline, scopes: [scan] }
    parents: ['Holdfast::Principal::"leo"']
  - uid: Holdfast::Key::"nothing"
    attrs: { name: a key without a scope, scopes: [] }
    parents: ['Holdfast::Principal::"leo"']
  - uid: Holdfast::Principal::"mia"
    parents: ['Holdfast::Tenant::"acme"']
  - uid: Holdfast::Model::"gpt-small"
    attrs: { name: gpt-small }
    parents: ['Holdfast::Upstream::"openai"']

tests:
  # A table: each case says only what differs.
  - name: the scope decides what a key may call
    action: call
    expect: allow
    cases:
      - { principal: 'Holdfast::Key::"chat"', resource: 'Holdfast::Operation::"chat"', by: [keys-with-the-chat-scope-may-chat] }
      - { principal: 'Holdfast::Key::"chat"', resource: 'Holdfast::Operation::"messages"' }
      - { principal: 'Holdfast::Key::"embeddings"', resource: 'Holdfast::Operation::"embeddings"', by: [keys-with-the-embeddings-scope-may-embed] }
      - { principal: 'Holdfast::Key::"embeddings"', resource: 'Holdfast::Operation::"chat"', expect: deny }
      - { principal: 'Holdfast::Key::"nothing"', resource: 'Holdfast::Operation::"models"', by: [every-key-may-list-models] }
      - { principal: 'Holdfast::Key::"nothing"', resource: 'Holdfast::Operation::"chat"', expect: deny, by: [] }

  - name: a key with a scope may use every model
    action: infer
    resource: Holdfast::Model::"gpt-small"
    context: { stream: false, tools: false, data: [], masked: [personal, personal.email] }
    expect: allow
    cases:
      - { principal: 'Holdfast::Key::"chat"', by: [keys-with-the-chat-scope-may-use-every-model] }
      - { principal: 'Holdfast::Key::"embeddings"', by: [keys-with-the-embeddings-scope-may-use-every-model] }
      - { principal: 'Holdfast::Key::"nothing"', expect: deny }

  - name: the scope decides what a key may do over the management API
    expect: allow
    cases:
      - { principal: 'Holdfast::Key::"admin"', action: administer, resource: 'Holdfast::Api::"keys"', by: [keys-with-the-admin-scope-may-use-all-of-the-management-api] }
      - { principal: 'Holdfast::Key::"audit"', action: read, resource: 'Holdfast::Api::"events"', by: [keys-with-the-audit-scope-may-read-the-management-api] }
      - { principal: 'Holdfast::Key::"audit"', action: administer, resource: 'Holdfast::Api::"findings"', expect: deny }
      - { principal: 'Holdfast::Key::"scan"', action: scan, resource: 'Holdfast::Api::"scans"', by: [keys-with-the-scan-scope-may-have-files-judged] }
      - { principal: 'Holdfast::Key::"scan"', action: read, resource: 'Holdfast::Api::"keys"', expect: deny }
      - { principal: 'Holdfast::Key::"chat"', action: read, resource: 'Holdfast::Api::"findings"', expect: deny }
`,
}
