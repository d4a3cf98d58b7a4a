// Signing in: the token comes from the address after `#token=`, or is typed.

const form = document.getElementById('sign-in');
const said = document.getElementById('sign-in-said');

async function signIn(token) {
  said.textContent = 'Signing in.';
  const response = await fetch('/api/v1/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  }).catch(() => null);
  if (response?.ok) {
    location.replace(location.pathname + location.search);
  } else if (response?.status === 401) {
    said.textContent = 'This token is not valid, or has expired. Ask for a new one.';
  } else if (response) {
    const body = await response.json().catch(() => ({}));
    said.textContent = body.detail || `The server answered ${response.status}. Try again in a minute.`;
  } else {
    said.textContent = 'The server cannot be reached. Try again.';
  }
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  signIn(form.elements.token.value.trim());
});

const token = new URLSearchParams(location.hash.slice(1)).get('token');
if (token) {
  // The token leaves the address bar and the history before anything else happens.
  history.replaceState(null, '', location.pathname + location.search);
  signIn(token);
}
