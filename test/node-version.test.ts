/** The house: scripts run on the pinned Node, whatever the system’s is. */
it('runs on Node 24, from node_modules', () => {
  expect(process.versions.node.split('.')[0]).toBe('24');
});
