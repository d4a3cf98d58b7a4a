// The page of reports: building an edition, and signing one. Everything that is shown comes with the page.

const said = document.getElementById('said');

async function send(path, body, doing) {
  said.textContent = doing;
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }).catch(() => null);
  if (response?.ok) {
    location.reload();
    return;
  }
  const problem = await response?.json().catch(() => null);
  said.textContent = problem?.detail || 'The server cannot be reached. Try again.';
}

document.getElementById('build')?.addEventListener('submit', (event) => {
  event.preventDefault();
  const { edition, period } = event.target.elements;
  send('/api/v1/editions', { edition: edition.value, period: period.value }, `Building the edition of ${period.value}.`);
});

const dialog = document.getElementById('sign');
for (const button of document.querySelectorAll('button.step')) {
  button.addEventListener('click', () => {
    dialog.dataset.edition = button.dataset.edition;
    document.getElementById('sign-name').textContent = button.dataset.edition;
    dialog.returnValue = 'cancel';
    dialog.showModal();
  });
}
dialog?.addEventListener('close', () => {
  if (dialog.returnValue !== 'sign') return;
  const { step, note } = dialog.querySelector('form').elements;
  const edition = dialog.dataset.edition;
  send(`/api/v1/editions/${edition}/steps`, { step: step.value, note: note.value }, `Signing ${edition}.`);
});
