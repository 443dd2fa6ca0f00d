// Runs the fragment it stands in again whenever the stage has torch's answer to a settled edit.

export default function mount({ setTriggerValue }) {
  follow.now = () => setTriggerValue("settled", true);
  addEventListener("tempotron:settled", follow);
  return () => removeEventListener("tempotron:settled", follow);
}

function follow() {
  follow.now();
}
