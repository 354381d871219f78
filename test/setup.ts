// The library's template validation costs 4.7 s CPU per test file; one suite turns it on again for itself.
process.env['CDK_VALIDATION'] = 'false';
