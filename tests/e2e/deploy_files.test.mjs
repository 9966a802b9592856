// What others run headcount with: the container image, compose, Kubernetes, Debian. None of
// them is here, so the files are held against the programs: every option and value, every
// port, who may talk to whom.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { story } from './harness.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const bin = path.resolve(root, process.env.HEADCOUNT_BIN ?? 'build/bin');
const read = (name) => fs.readFileSync(path.join(root, 'deploy', name), 'utf8');

const PARSE = 'import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin))))';
const yaml = (name) => JSON.parse(execFileSync('/usr/bin/python3', ['-c', PARSE], { input: read(name), encoding: 'utf8' }));

const compose = yaml('docker/compose.yaml')[0];
const dockerfile = read('docker/Dockerfile');
const kustomization = yaml('kubernetes/kustomization.yaml')[0];
const objects = kustomization.resources.flatMap((name) => yaml(`kubernetes/${name}`));
const of = (kind) => objects.filter((one) => one.kind === kind);
const named = (kind, name) => of(kind).find((one) => one.metadata.name === name);
const pods = objects.filter((one) => one.spec.template).map((one) => ({ name: one.metadata.name, labels: one.spec.template.metadata.labels, ...one.spec.template.spec }));
const podsOf = (labels) => pods.filter((pod) => Object.entries(labels).every(([key, value]) => pod.labels[key] === value));

/** ['--a=1', '--b', '2'] as { a: '1', b: '2' }. */
function flags(args) {
  const found = {};
  for (let i = 0; i < args.length; i++) {
    const [name, value] = args[i].split(/=(.*)/s);
    assert.match(name, /^--[a-z-]+$/);
    found[name.slice(2)] = value ?? (args[i + 1]?.startsWith('--') ? '' : args[++i] ?? '');
  }
  return found;
}
const port = (address) => Number(address.split(':').at(-1));

/** Every command line of a daemon there is: { where, program, args }. */
function commandLines() {
  const [, cmd] = /^CMD (\[.*\])$/m.exec(dockerfile);
  return [
    { where: 'Dockerfile', line: JSON.parse(cmd) },
    ...Object.entries(compose.services).map(([name, service]) => ({ where: `compose ${name}`, line: service.command })),
    ...pods.map(({ name, containers: [one] }) => ({ where: `kubernetes ${name}`, line: [...(one.command ?? []), ...one.args] })),
  ].filter(({ line }) => line[0].startsWith('headcount-')).map(({ where, line: [program, ...args] }) => ({ where, program, args }));
}

story('every option and value in a command line is understood by its program', async (s) => {
  const lines = commandLines();
  assert.deepEqual(lines.map(({ where }) => where), ['Dockerfile', 'compose aggregator', 'compose collector', 'kubernetes aggregator', 'kubernetes collector']);
  for (const { where, program, args } of lines) {
    const here = args.map((arg) => arg
      .replace(/^(--secret-file=|)\/(run\/secrets\/headcount|etc\/headcount\/secret)$/, `$1${s.secretFile}`)
      .replace('--spool=/spool', `--spool=${s.dir}`)
      .replace('--aggregator=aggregator:', '--aggregator=127.0.0.1:'));
    const ended = s.run(where, path.join(bin, program), [...here, '--check-config']);
    assert.deepEqual(await ended.end, { code: 0, signal: null }, `${where}: ${ended.err}`);
  }
});

test('whoever talks to a port finds it: collector, aggregator, Redis, checks of health', () => {
  const { aggregator, collector } = compose.services;
  const [a, c] = [aggregator, collector].map(({ command }) => flags(command.slice(1)));
  assert.equal(c.aggregator, `${aggregator.networks.inside.ipv4_address}:${port(a.udp)}`);
  assert.equal(port(collector.ports[0]), port(c.listen));
  assert.ok(aggregator.healthcheck.test.at(-1).includes(`127.0.0.1:${port(a['admin-listen'])}/`));
  assert.ok(/^HEALTHCHECK[^]*?CMD (\[.*\])$/m.exec(dockerfile)[1].includes(`127.0.0.1:${port(c['admin-listen'])}/`));
  const exposed = /^EXPOSE (.*)$/m.exec(dockerfile)[1].split(' ');
  assert.deepEqual(exposed.sort(), [`${port(a.udp)}/udp`, `${port(c.listen)}/tcp`, `${port(a['admin-listen'])}/tcp`, `${port(c['admin-listen'])}/tcp`].sort());
  for (const { redis } of [a, c]) assert.equal(redis, 'tcp://redis:6379');
  assert.ok(compose.services.redis);

  for (const { name, containers: [one] } of pods.filter((pod) => pod.name !== 'redis')) {
    const given = flags(one.args);
    const listened = ['listen', 'udp', 'admin-listen'].filter((flag) => given[flag]).map((flag) => port(given[flag]));
    assert.deepEqual(one.ports.map(({ containerPort }) => containerPort).sort(), listened.sort(), name);
    const names = one.ports.map((each) => each.name);
    for (const probe of [one.livenessProbe, one.readinessProbe]) assert.ok(names.includes(probe.httpGet.port), name);
    assert.equal(given.redis, `tcp://redis:${named('Service', 'redis').spec.ports[0].port}`);
  }
  const { aggregator: to } = flags(named('Deployment', 'collector').spec.template.spec.containers[0].args);
  assert.equal(to, `aggregator:${named('Service', 'aggregator').spec.ports[0].port}`);
});

test('services, policies and budgets of Kubernetes mean pods that are there, and their ports', () => {
  for (const { metadata, spec } of [...of('Service'), ...of('PodDisruptionBudget')]) {
    const found = podsOf(spec.selector.matchLabels ?? spec.selector);
    assert.equal(found.length, 1, metadata.name);
    for (const { targetPort, protocol } of spec.ports ?? [])
      assert.ok(found[0].containers[0].ports.some((one) => one.name === targetPort && one.protocol === protocol), `${metadata.name} ${targetPort}`);
  }
  assert.deepEqual(of('NetworkPolicy').map(({ spec }) => podsOf(spec.podSelector.matchLabels)[0].name).sort(), pods.map(({ name }) => name).sort());
  for (const { metadata, spec } of of('NetworkPolicy')) {
    const [pod] = podsOf(spec.podSelector.matchLabels);
    const open = spec.ingress.flatMap(({ ports }) => ports).map((one) => `${one.port}/${one.protocol}`).sort();
    assert.deepEqual(open, pod.containers[0].ports.map((one) => `${one.containerPort}/${one.protocol}`).sort(), metadata.name);
    for (const { from = [] } of spec.ingress)
      for (const { podSelector } of from) {
        const labels = podSelector?.matchLabels ? [podSelector.matchLabels] : (podSelector?.matchExpressions?.[0].values ?? []).map((app) => ({ app }));
        for (const each of labels) assert.equal(podsOf(each).length, 1, JSON.stringify(each));
      }
  }
  for (const { metadata, spec } of objects.filter((one) => one.spec.template))
    assert.deepEqual(spec.selector.matchLabels, spec.template.metadata.labels, metadata.name);
});

test('nobody is root, nothing may be written but volumes, and one aggregator runs at a time', () => {
  assert.equal(pods.length, 3);
  for (const { name, securityContext: pod, containers, automountServiceAccountToken, volumes = [] } of pods) {
    assert.equal(pod.runAsNonRoot, true, name);
    assert.equal(pod.seccompProfile.type, 'RuntimeDefault', name);
    assert.equal(automountServiceAccountToken, false, name);
    for (const { securityContext: own, volumeMounts } of containers) {
      assert.deepEqual(own, { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } }, name);
      for (const mount of volumeMounts) assert.ok(name === 'redis' || volumes.some((one) => one.name === mount.name), `${name} ${mount.name}`);
    }
  }
  for (const [name, service] of Object.entries(compose.services)) {
    assert.equal(service.read_only, true, name);
    assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name);
  }
  const [, uid] = /useradd .*--uid (\d+)/.exec(dockerfile);
  assert.ok(dockerfile.includes(`\nUSER ${uid}:${uid}\n`));
  for (const { name, securityContext } of pods.filter((pod) => pod.name !== 'redis')) assert.equal(securityContext.runAsUser, Number(uid), name);
  const { replicas, strategy } = named('Deployment', 'aggregator').spec;
  assert.deepEqual({ replicas, strategy }, { replicas: 1, strategy: { type: 'Recreate' } });
});

test('Redis keeps what it is told, wherever it runs', () => {
  const { containers: [redis] } = pods.find((pod) => pod.name === 'redis');
  for (const args of [compose.services.redis.command, redis.args]) {
    const given = flags(args.slice(1));
    assert.deepEqual(given, { appendonly: 'yes', appendfsync: 'everysec', 'maxmemory-policy': 'noeviction', save: '' });
  }
});

test('a collector has the time to end that it may take', () => {
  const { terminationGracePeriodSeconds, containers: [{ args, readinessProbe }] } = pods.find((pod) => pod.name === 'collector');
  const delay = Number(flags(args)['drain-delay']);
  assert.ok(delay >= readinessProbe.periodSeconds * readinessProbe.failureThreshold, 'it is noticed that it will go');
  assert.ok(terminationGracePeriodSeconds > delay + 2 + 30);
});

test('image and packages are built with what building takes, and copy what is there', () => {
  const [, group] = /^run="\n([^"]*)"/m.exec(read('install-packages'));
  const needed = [...group.matchAll(/^(gcc|make|lib\S+-dev) /gm)].map(([, name]) => name);
  assert.ok(needed.length > 6);
  assert.deepEqual(needed.filter((name) => !new RegExp(`\\s${name}\\s`).test(dockerfile)), []);
  const depends = /^Build-Depends: (.*)$/m.exec(read('debian/control'))[1].split(/[,|] */).map((name) => name.trim());
  const always = ['gcc', 'make', 'libc6-dev']; // what Debian has wherever packages are built
  assert.deepEqual(needed.filter((name) => !always.includes(name) && !depends.includes(name)), []);
  const copied = [...dockerfile.matchAll(/^COPY ([^-].*) \S+$/gm)].flatMap(([, names]) => names.split(' '));
  assert.ok(copied.length >= 6);
  for (const name of copied) assert.ok(fs.existsSync(path.join(root, name)), name);
  const context = read('docker/Dockerfile.dockerignore').split('\n').filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  assert.deepEqual(context.sort(), copied.sort());
  for (const name of fs.readdirSync(path.join(root, 'deploy/kubernetes')).filter((one) => one !== 'kustomization.yaml'))
    assert.ok(kustomization.resources.includes(name), name);
});
