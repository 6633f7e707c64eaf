// The station's verbs. A refusal is an object { code, what, next } in the page's language.

/** Posts JSON or a JPEG Blob; returns { ok: true, answer } or { ok: false, refusal }. */
export async function ask(path, body) {
  const picture = body instanceof Blob;
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": picture ? "image/jpeg" : "application/json" },
      body: picture ? body : JSON.stringify(body ?? {}),
    });
    const answer = await response.json();
    return response.ok ? { ok: true, answer } : { ok: false, refusal: answer };
  } catch {
    // The line to the station is cut; the page's connection notice says so.
    return { ok: false, refusal: null };
  }
}
