/** The shortest configuration that works, once the words in capitals are replaced. */
export const SHORTEST = `workers:
  - { name: here, via: local }
  - { name: vm1, via: ssh, host: HOST1, hostKey: "SHA256:KEY1" }
  - { name: vm2, via: ssh, host: HOST2, hostKey: "SHA256:KEY2" }
`;
