/** Where a cluster’s login and authority are kept; all names begin with its prefix, such as `/chat/tokyo/store`. */
export interface StoreSecrets {
  /** Secrets Manager: `{ "username": …, "password": … }` of the one role, as a core’s `credentialsPath` holds it. */
  readonly login: string;
  /** Secrets Manager: letters and digits of which the authority’s key is made. Store nodes alone may read it. */
  readonly authority: string;
  /** SSM: the authority’s certificate in PEM, which cores trust. The first node that starts writes it. */
  readonly certificate: string;
}

export function storeSecrets(prefix: string): StoreSecrets {
  return { login: `${prefix}/login`, authority: `${prefix}/authority`, certificate: `${prefix}/certificate` };
}

/** Where a node keeps what clients are shown; `scylla.yaml` names both. */
export const STORE_CERTIFICATE = '/etc/scylla/iris/certificate.pem';
export const STORE_KEY = '/etc/scylla/iris/key.pem';
export const STORE_SECURITY_PATH = '/usr/local/sbin/iris-store-security';

/** Days of a node’s certificate; a new one is made at each start and each month. */
const CERTIFICATE_DAYS = 365;
/** Days of the authority’s: as long as the cluster, since cores must trust both while it changes. */
const AUTHORITY_DAYS = 7_300;

const SECURITY_PROGRAM = `#!/usr/bin/env python3
import base64, datetime, functools, hashlib, hmac, json, os, subprocess, sys, tempfile, time, urllib.error, urllib.request
region, login_name, authority_name, parameter, host = sys.argv[1:]
root = os.environ.get('IRIS_ROOT', '')
metadata_at = os.environ.get('AWS_EC2_METADATA_SERVICE_ENDPOINT', 'http://169.254.169.254')

def metadata(path, token=None):
    headers = {'X-aws-ec2-metadata-token': token} if token else {'X-aws-ec2-metadata-token-ttl-seconds': '300'}
    request = urllib.request.Request(metadata_at + '/latest/' + path, headers=headers, method='GET' if token else 'PUT')
    return urllib.request.urlopen(request, timeout=5).read().decode()

@functools.cache
def credentials():
    token = metadata('api/token')
    role = metadata('meta-data/iam/security-credentials/', token).strip()
    return json.loads(metadata('meta-data/iam/security-credentials/' + role, token))

# One call of a service's JSON API, signed by Signature Version 4.
def call(service, target, body):
    who = credentials()
    endpoint = os.environ.get('AWS_ENDPOINT_URL', 'https://%s.%s.amazonaws.com' % (service, region))
    now = datetime.datetime.now(datetime.timezone.utc).strftime('%Y%m%dT%H%M%SZ')
    payload = json.dumps(body).encode()
    headers = {'content-type': 'application/x-amz-json-1.1', 'host': endpoint.split('//')[1], 'x-amz-date': now,
               'x-amz-security-token': who['Token'], 'x-amz-target': target}
    names = ';'.join(sorted(headers))
    canonical = '\\n'.join(['POST', '/', ''] + ['%s:%s' % (k, headers[k]) for k in sorted(headers)] + ['', names, hashlib.sha256(payload).hexdigest()])
    scope = '/'.join([now[:8], region, service, 'aws4_request'])
    key = ('AWS4' + who['SecretAccessKey']).encode()
    for part in scope.split('/'):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    text = '\\n'.join(['AWS4-HMAC-SHA256', now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    headers['authorization'] = 'AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s' % (who['AccessKeyId'], scope, names, signature)
    try:
        return json.loads(urllib.request.urlopen(urllib.request.Request(endpoint + '/', payload, headers), timeout=10).read())
    except urllib.error.HTTPError as error:
        kind = json.loads(error.read() or b'{}').get('__type', str(error.code)).split('#')[-1]
        raise RuntimeError('%s: %s' % (target, kind)) from None

def secret(name):
    return call('secretsmanager', 'secretsmanager.GetSecretValue', {'SecretId': name})['SecretString']

def openssl(*args, **options):
    done = subprocess.run(['openssl', *args], capture_output=True, **options)
    if done.returncode:
        raise RuntimeError('openssl %s: %s' % (args[0], done.stderr.decode().strip()))
    return done.stdout

def write(path, text, mode):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), 'w') as file:
        file.write(text)

# The certificate that is published; where there is none yet, a new one, unless another node was faster.
def authority(key, folder):
    for _ in range(3):
        try:
            return call('ssm', 'AmazonSSM.GetParameter', {'Name': parameter})['Parameter']['Value']
        except RuntimeError as error:
            if 'ParameterNotFound' not in str(error):
                raise
        write(folder + '/authority.cnf', '[req]\\nprompt=no\\ndistinguished_name=name\\nx509_extensions=ca\\n[name]\\nCN=Iris store\\n'
              '[ca]\\nbasicConstraints=critical,CA:TRUE\\nkeyUsage=critical,keyCertSign\\nsubjectKeyIdentifier=hash\\n', 0o600)
        made = openssl('req', '-x509', '-new', '-config', folder + '/authority.cnf', '-key', key, '-days', '${AUTHORITY_DAYS}').decode()
        try:
            call('ssm', 'AmazonSSM.PutParameter', {'Name': parameter, 'Value': made, 'Type': 'String', 'Overwrite': False})
        except RuntimeError as error:
            if 'ParameterAlreadyExists' not in str(error):
                raise
    raise RuntimeError('%s is neither there nor can it be written' % parameter)

def certify(folder):
    number = bytearray(hashlib.sha256(secret(authority_name).encode()).digest())
    number[0] &= 0x7f  # below the order of the curve
    der = bytes.fromhex('30310201010420') + bytes(number) + bytes.fromhex('a00a06082a8648ce3d030107')
    key, trusted = folder + '/authority.key', folder + '/authority.pem'
    write(key, '-----BEGIN EC PRIVATE KEY-----\\n%s\\n-----END EC PRIVATE KEY-----\\n' % base64.b64encode(der).decode(), 0o600)
    write(trusted, authority(key, folder), 0o600)
    write(folder + '/extensions', 'basicConstraints=critical,CA:FALSE\\nextendedKeyUsage=serverAuth\\nsubjectAltName=DNS:%s\\n' % host, 0o600)
    own, request = folder + '/own.key', folder + '/request'
    openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', own, '-out', request, '-subj', '/CN=store')
    openssl('x509', '-req', '-in', request, '-CA', trusted, '-CAkey', key, '-set_serial', '0x' + os.urandom(16).hex(),
            '-days', '${CERTIFICATE_DAYS}', '-extfile', folder + '/extensions', '-out', folder + '/own.pem')
    home = root + '/etc/scylla/iris'
    os.makedirs(home, mode=0o755, exist_ok=True)
    for source, target in (own, '${STORE_KEY}'), (folder + '/own.pem', '${STORE_CERTIFICATE}'):
        write(root + target + '.new', open(source).read(), 0o400)
        if not root:
            subprocess.run(['chown', 'scylla:scylla', target + '.new'], check=True)
        os.replace(root + target + '.new', root + target)

# Only the cluster's very first start looks at it, and every node must know it then.
def introduce():
    path = root + '/etc/scylla/scylla.yaml'
    text = open(path).read()
    if 'auth_superuser_name' in text:
        return
    login = json.loads(secret(login_name))
    salted = openssl('passwd', '-6', '-stdin', input=(login['password'] + '\\n').encode()).decode().strip()
    mode = os.stat(path).st_mode & 0o777
    write(path + '.new', text.rstrip() + "\\nauth_superuser_name: '%s'\\nauth_superuser_salted_password: '%s'\\n" % (login['username'], salted), mode)
    os.replace(path + '.new', path)

def secure():
    with tempfile.TemporaryDirectory(dir=root + '/run') as folder:
        certify(folder)
    introduce()

# Without it ScyllaDB must not start: waits for AWS, which may be away, and for rights, which may come.
deadline = time.monotonic() + float(os.environ.get('IRIS_PATIENCE_SECONDS', '1800'))
while True:
    try:
        sys.exit(secure())
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        print('iris-store-security: %s' % error, file=sys.stderr)
        credentials.cache_clear()
        if time.monotonic() > deadline:
            sys.exit(1)
        time.sleep(5)
`;

/**
 * Makes a node’s certificate, and puts the first login into `scylla.yaml`. The authority’s key is a generated secret, read as a number
 * below the order of P-256: every node can sign for itself, and no key ever leaves the machine that made it. In Python, which the image has
 * with nothing to install; IRIS_ROOT prefixes paths, and the two variables of AWS’s own tools its addresses, for tests. Arguments are the AWS
 * region, the secrets of login and authority, the parameter of the certificate and the node’s host.
 */
export function storeSecurityScript(): string {
  return compact(SECURITY_PROGRAM);
}

/** Without comments and with a space for each level: it is in the user data of every node. */
function compact(python: string): string {
  return python.replace(/^ *# .*\n|^\n/gm, '').replace(/^(?: {4})+/gm, (indent) => ' '.repeat(indent.length / 4));
}

/** Runs it before each start of ScyllaDB, which does not start without, and each month: ScyllaDB reads certificates again that change. */
export function storeSecurityUnits(command: string): { readonly dropIn: string; readonly service: string; readonly timer: string } {
  return {
    dropIn: `[Service]
ExecStartPre=+${command}
`,
    service: `[Unit]
Description=Iris store certificate

[Service]
Type=oneshot
ExecStart=${command}
`,
    timer: `[Unit]
Description=Iris store certificate, monthly

[Timer]
OnCalendar=monthly
RandomizedDelaySec=7d
Persistent=true

[Install]
WantedBy=timers.target
`,
  };
}
