import type { IncomingMessage } from 'node:http';
import * as z from 'zod';
import { inspectArchive } from '../../common/archive/inspect-archive.ts';
import { serviceNameSchema, sha256Schema, versionLabelSchema } from '../../common/domain/names.ts';
import { type Release, releaseSchema } from '../../common/domain/release.ts';
import { because, said } from '../../common/domain/said.ts';
import type { Service } from '../../common/domain/service.ts';
import { describeIssue } from '../../common/protocol/bind.ts';
import { type ErrorCode, SgridError, toWireError } from '../../common/protocol/errors.ts';
import { OFFSET_HEADER, SHA256_HEADER } from '../../common/protocol/http.ts';
import type { Identity } from '../access/authority.ts';
import type { Background } from '../background.ts';
import type { EventLog } from '../event-log.ts';
import type { Store } from '../store/open-store.ts';
import type { PackageStore } from './package-store.ts';
import { type BodyLimits, receiveBody } from './receive-body.ts';

const uploadSchema = z.object({
  serviceName: serviceNameSchema,
  version: versionLabelSchema,
  message: releaseSchema.shape.message.default(''),
  sha256: sha256Schema.optional(),
  offsetBytes: z.coerce.number().pipe(z.int().nonnegative()).default(0),
});
type Upload = z.output<typeof uploadSchema>;

/** Ends of an upload behind which it may be carried on. `conflict` is about the offset: what is there is not touched. */
const CARRIED_ON: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['disconnected', 'timeout', 'conflict']);

export interface Uploads {
  /**
   * Takes a package in: body → disk → checks → its place by sha256 → the release. Sending the same again answers with
   * the release that is there, and puts its package back where that was lost.
   *
   * @throws SgridError `bad_request`, `not_found`, `already_exists` for another content under a version that is there,
   * `package_invalid`, `checksum_mismatch`, and what `receiveBody` throws. Nothing of it stays then.
   */
  receive(
    request: IncomingMessage,
    target: { serviceName: string; query: URLSearchParams },
    identity: Identity,
    /** Called when the body is wanted: answers `Expect: 100-continue`. */
    onAccepted: () => void,
  ): Promise<{ release: Release; created: boolean }>;
}

export function createUploads(deps: {
  store: Store;
  packages: PackageStore;
  events: EventLog;
  background: Background;
  /** Removes what the service has over its number of kept releases. */
  prune: (serviceName: string) => Promise<unknown>;
  limits: BodyLimits;
  now: () => number;
}): Uploads {
  const { store, packages, events, background, prune, limits, now } = deps;

  const existing = async (service: Service, version: string, sha256: string): Promise<Release | null> => {
    const release = await store.releases.byVersion(service.serviceId, version);
    if (release === null) return null;
    const { removedAt, ...known } = release;
    if (known.sha256 === sha256) return removedAt === null ? known : null;
    throw new SgridError(
      'already_exists',
      said`${service.name} ${version} exists already with another content, uploaded by ${release.uploadedBy}`,
      {
        hint: said`a version never changes, not even when its release was removed: upload this under another one`,
      },
    );
  };

  const register = async (
    upload: Upload,
    received: { file: string; sha256: string; sizeBytes: number },
    actor: string,
  ): Promise<{ release: Release; created: boolean }> => {
    const { file, sha256, sizeBytes } = received;
    // Looked up again: it may have been removed while the bytes came.
    const service = await store.services.byName(upload.serviceName);
    const known = await existing(service, upload.version, sha256);
    // Also for a release that is there: after the restore of a backup without packages its file is not.
    await packages.keep(file, sha256);
    if (known !== null) return { release: known, created: false };
    try {
      const release = await events.transaction(async ({ releases }, record) => {
        const created = await releases.create({
          serviceId: service.serviceId,
          version: upload.version,
          message: upload.message,
          sha256,
          sizeBytes,
          uploadedBy: actor,
          uploadedAt: now(),
        });
        await record(uploadedEvent(created));
        return created;
      });
      background.run(`pruning the releases of ${service.name}`, () => prune(service.name));
      return { release, created: true };
    } catch (error) {
      background.run('dropping a package', () => packages.dropUnused([sha256], store.releases.hasPackage));
      throw error;
    }
  };

  /** @throws SgridError `conflict` when it would go on somewhere else than where it was cut. */
  const demandOffset = async ({ sha256, offsetBytes }: Upload, isPart: boolean): Promise<void> => {
    if (offsetBytes === 0) return;
    const hint = said`ask again how much is there, or begin anew`;
    if (sha256 === undefined || !isPart) {
      throw new SgridError('busy', said`this upload is not cut off: it goes on elsewhere, or has no sha256`, {
        hint,
      });
    }
    const knownBytes = await packages.partBytes(sha256);
    if (knownBytes === offsetBytes) return;
    throw new SgridError('conflict', said`the master has ${knownBytes} bytes of it, not ${offsetBytes}`, {
      hint,
    });
  };

  return {
    async receive(request, { serviceName, query }, { actor }, onAccepted) {
      const upload = parseUpload(request, serviceName, query);
      const service = await store.services.byName(upload.serviceName);
      // Refused before its gigabytes are on the way, when the client has said what is coming.
      if (upload.sha256 !== undefined) await existing(service, upload.version, upload.sha256);
      const part = upload.sha256 === undefined ? null : packages.claimPart(upload.sha256);
      const file = part?.file ?? packages.newIncomingFile();
      let isKept = false;
      try {
        await demandOffset(upload, part !== null);
        const { sha256, sizeBytes } = await receiveBody(
          request,
          file,
          limits,
          onAccepted,
          upload.offsetBytes,
        );
        if (upload.sha256 !== undefined && upload.sha256 !== sha256) {
          throw new SgridError(
            'checksum_mismatch',
            said`received sha256 ${sha256}, announced was ${upload.sha256}`,
            {
              hint: said`upload it again`,
            },
          );
        }
        await inspectArchive(file);
        return await background.track(
          packages.inTurn(() => register(upload, { file, sha256, sizeBytes }, actor)),
        );
      } catch (error) {
        isKept = part !== null && CARRIED_ON.has(toWireError(error).code);
        throw error;
      } finally {
        if (!isKept) await packages.discard(file);
        part?.release();
      }
    },
  };
}

function parseUpload(request: IncomingMessage, serviceName: string, query: URLSearchParams): Upload {
  const parsed = uploadSchema.safeParse({
    serviceName,
    version: query.get('version') ?? undefined,
    message: query.get('message') ?? undefined,
    sha256: request.headers[SHA256_HEADER],
    offsetBytes: request.headers[OFFSET_HEADER],
  });
  if (parsed.success) return parsed.data;
  throw new SgridError('bad_request', said`upload: ${describeIssue(parsed.error)}`, {
    hint: said`POST /v1/services/<name>/packages?version=<label>&message=<text>`,
  });
}

function uploadedEvent({ serviceName, version, sizeBytes, uploadedBy, serviceId, message }: Release) {
  return {
    kind: 'release.uploaded' as const,
    actor: uploadedBy,
    serviceId,
    message: said`${serviceName} ${version} uploaded, ${sizeBytes} bytes${because(message)}`,
  };
}
