import { image, type Row } from "./row.ts";
import { open, single, tokens } from "./shop.ts";

/** Docker Hub, quay, … differ in what they ask for; what is given is the same. */
interface Challenging {
  readonly registry: string;
  readonly host?: string;
  readonly repository: string;
  readonly realm: string;
  readonly service?: string;
  readonly challenge: string;
  readonly does?: string;
}

const CHALLENGES: readonly Challenging[] = [
  {
    registry: "quay.io",
    repository: "org/name",
    realm: "https://quay.io/v2/auth",
    service: "quay.io",
    challenge: 'Bearer realm="https://quay.io/v2/auth",service="quay.io",scope="repository:org/name:pull"',
  },
  {
    registry: "us-docker.pkg.dev",
    repository: "project/repo/name",
    realm: "https://us-docker.pkg.dev/v2/token",
    service: "us-docker.pkg.dev",
    challenge:
      'Bearer realm="https://us-docker.pkg.dev/v2/token",service="us-docker.pkg.dev",scope="repository:project/repo/name:pull"',
  },
  {
    registry: "codeberg.org",
    does: "offers Bearer and Basic in one header",
    repository: "owner/name",
    realm: "https://codeberg.org/v2/token",
    service: "container_registry",
    challenge:
      'Bearer realm="https://codeberg.org/v2/token",service="container_registry",scope="*",Basic realm="https://codeberg.org/v2",service="container_registry",scope="*"',
  },
  {
    registry: "harbor.example",
    repository: "project/name",
    realm: "https://harbor.example/service/token",
    service: "harbor-registry",
    challenge:
      'Bearer realm="https://harbor.example/service/token",service="harbor-registry",scope="repository:project/name:pull"',
  },
  {
    registry: "registry.suse.com",
    does: "has a service name with spaces, and a scope that is another",
    repository: "bci/base",
    realm: "https://registry.suse.com/auth",
    service: "SUSE Linux Docker Registry",
    challenge:
      'Bearer realm="https://registry.suse.com/auth",service="SUSE Linux Docker Registry",scope="registry:catalog:*",error="insufficient_scope"',
  },
  {
    registry: "registry.gitlab.com",
    does: "has its token service at another host",
    repository: "group/name",
    realm: "https://gitlab.com/jwt/auth",
    service: "container_registry",
    challenge:
      'Bearer realm="https://gitlab.com/jwt/auth",service="container_registry",scope="repository:group/name:pull",error="invalid_token"',
  },
  {
    registry: "registry.redhat.io",
    does: "has a realm with a query of its own",
    repository: "ubi9/ubi",
    realm: "https://registry.redhat.io/auth/realms/rhcc/protocol/redhat-docker-v2/auth",
    service: "docker-registry",
    challenge:
      'Bearer realm="https://registry.redhat.io/auth/realms/rhcc/protocol/redhat-docker-v2/auth",service="docker-registry"',
  },
  {
    registry: "artifactory.example",
    repository: "docker-virtual/name",
    realm: "https://artifactory.example/artifactory/api/docker/docker-virtual/v2/token",
    service: "artifactory.example",
    challenge:
      'Bearer realm="https://artifactory.example/artifactory/api/docker/docker-virtual/v2/token",service="artifactory.example"',
  },
];

function challengingRow({ registry, does, repository, realm, service, challenge }: Challenging): Row {
  return {
    registry,
    does: does ?? `asks for a token of ${service ?? "its service"}`,
    reference: `${registry}/${repository}:1`,
    serve: (liar) => {
      const gate = tokens(liar, {
        realm,
        challenge,
        scope: `repository:${repository}:pull`,
        ...(service === undefined ? {} : { service }),
      });
      open(liar, { host: registry, repository, tag: "1", artifact: single(image), gate });
    },
    outcome: "agreed",
  };
}

export const TOKEN_ROWS: readonly Row[] = CHALLENGES.map(challengingRow);
