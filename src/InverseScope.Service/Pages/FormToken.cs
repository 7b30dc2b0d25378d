using System.Security.Cryptography;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;

namespace InverseScope.Service.Pages;

/// <summary>
/// The place of the token that shows that a form was sent from a page of this service. The token itself is put in when the page is sent, so that a
/// page can be kept and sent to many.
/// </summary>
public sealed class FormToken : ComponentBase
{
    /// <summary>Stands where a token comes. No text that a page shows can hold it: nobody outside the process knows it.</summary>
    internal static string Place { get; } = RandomNumberGenerator.GetHexString(32);

    protected override void BuildRenderTree(RenderTreeBuilder builder)
    {
        builder.OpenElement(0, "input");
        builder.AddAttribute(1, "type", "hidden");
        builder.AddAttribute(2, "name", "__RequestVerificationToken");
        builder.AddAttribute(3, "value", Place);
        builder.CloseElement();
    }
}
