// <copy-text><code>...</code></copy-text>: a button that copies the text.
class CopyText extends HTMLElement {
  connectedCallback() {
    const button = document.createElement("button");
    button.textContent = "Copy";
    button.addEventListener("click", () => {
      // Not navigator.clipboard: the box's own name over plain http is no secure context.
      getSelection().selectAllChildren(this.querySelector("code"));
      if (document.execCommand("copy")) button.textContent = "Copied";
    });
    this.append(button);
  }
}
customElements.define("copy-text", CopyText);
